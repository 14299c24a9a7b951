import { execute, many, one } from '@nest-arch/database';
import { topics, userErasureDueV1 } from '@nest-arch/contracts';
import { waitFor } from '@nest-arch/testing';
import { createProjection, deadLetterTopic } from '../../src/index.js';
import type { BroadcastRecord } from '../../src/broadcast/index.js';
import { lagOf } from '../event-server.js';
import { duplicatesIn, problemsOf, type Copy, type History, type Step } from '../history.js';
import { messagingSpec, readTopics } from '../support.js';
import type { Kind } from './protocol.js';
import { projection, replicaTables } from './tables.js';

const groups = {
  replica: [topics.userEvents, topics.userState],
  [`replica.${projection.name}`]: [topics.profileEvents, topics.profileState],
};
const read = Object.values(groups).flat();
const deadLetterTopics = Object.entries(groups).flatMap(([group, list]) =>
  list.map(({ name }) => deadLetterTopic(name, group)),
);

/** Database and topics of one service of the proofs, and what became of its changes. */
export class Ledger {
  private constructor(readonly spec: Awaited<ReturnType<typeof messagingSpec>>) {}

  static async open(): Promise<Ledger> {
    const spec = await messagingSpec({ topics: read, groups, poolSize: 8 });
    for (const table of replicaTables) await execute(spec.db, table);
    for (const statement of createProjection(projection.name, projection)) await execute(spec.db, statement);
    return new Ledger(spec);
  }

  get options() {
    const { url, brokers, prefix } = this.spec;
    return { url, brokers, prefix };
  }

  /** Resolves when every row was sent and every offset stands at the end. */
  async quiet(timeoutMs = 60_000): Promise<void> {
    await waitFor(async () => (await this.count('outbox')) === 0, { timeoutMs, what: 'an empty outbox' });
    for (const [group, list] of Object.entries(groups)) {
      for (const { name } of list) {
        const atEnd = async () => (await lagOf(this.spec, group, name)) === 0;
        await waitFor(atEnd, { timeoutMs, intervalMs: 100, what: `the end of ${name}` });
      }
    }
  }

  async count(table: 'outbox' | 'effects' | 'written'): Promise<number> {
    const { n } = await one<{ n: number }>(this.spec.db, `select count(*)::int as n from ${table}`);
    return n;
  }

  /** What contradicts the promises for these users; empty when all is well. */
  async problems(kind: Kind, users: string[]): Promise<string[]> {
    if (kind === 'tombstone') return this.problemsOfEnded(users);
    const history = await this.history(users);
    // Of several states in one batch the last has an effect, the others none.
    if (kind === 'projectedState')
      return [
        ...problemsOf({ ...history, effects: firstsOf(history.topic) }),
        ...(await this.staleStates(users)),
      ];
    const problems = problemsOf(history, { ordered: kind !== 'urgent' });
    return kind === 'state' ? [...problems, ...(await this.staleStates(users))] : problems;
  }

  async history(users: string[]): Promise<History> {
    const of = new Set(users);
    const [written, effects, unpublished, topic, deadLetters] = await Promise.all([
      this.rows<Step>(`select user_id as "user", n from written where user_id = any ($1::uuid[])`, users),
      this.effects(users),
      this.rows<Copy>(
        `select key as "user", version as n, id::text from outbox_dead_letters where key = any ($1::text[])`,
        users,
      ),
      readTopics(this.spec, ...read),
      readTopics(this.spec, ...deadLetterTopics),
    ]);
    const mine = (records: BroadcastRecord[]) =>
      records.filter(({ key, data }) => of.has(key ?? '') && data !== null).map(toCopy);
    return { written, effects, unpublished, topic: mine(topic), deadLetters: mine(deadLetters) };
  }

  /** The user was erased: one effect of that, nothing left and nothing come back, whatever was repeated behind it. */
  private async problemsOfEnded(users: string[]): Promise<string[]> {
    const { written, topic, effects } = await this.history(users);
    const erasure = new Set(
      (await readTopics(this.spec, topics.userEvents))
        .filter(({ headers }) => headers['ce_type'] === userErasureDueV1.type)
        .map(({ headers }) => headers['ce_id']),
    );
    const ends = (copies: readonly Copy[]) => copies.filter(({ id }) => erasure.has(id));
    const states = (copies: readonly Copy[]) => copies.filter(({ id }) => !erasure.has(id));
    const last = written.filter(({ user, n }) => !written.some((step) => step.user === user && step.n > n));
    const left = await this.rows<Step>(
      `select user_id as "user", version as n from states where user_id = any ($1::uuid[])`,
      users,
    );
    return [
      ...problemsOf({ written: last, topic: ends(topic), effects: ends(effects) }),
      // State that the erasure overtook is left out; what was applied was applied once, in order.
      ...problemsOf({ written: states(effects), topic: states(topic), effects: states(effects) }).filter(
        (problem) => problem.includes('effect'),
      ),
      ...left.map(({ user, n }) => `came back: ${user}#${n}`),
    ];
  }

  /** The same for users of whom some write events and others states. */
  async problemsOfMixed(users: string[]): Promise<{ problems: string[]; copies: number; events: number }> {
    const history = await this.history(users);
    const withState = await this.rows<{ user: string }>(
      `select distinct user_id as "user" from written where kind = 'state' and user_id = any ($1::uuid[])`,
      users,
    );
    const stale = await this.staleStates(withState.map(({ user }) => user));
    const problems = [...problemsOf(history), ...stale];
    return { problems, copies: duplicatesIn(history.topic), events: history.written.length };
  }

  private async staleStates(users: string[]): Promise<string[]> {
    const stale = await this.rows<Step>(
      `select u.user_id as "user", s.version as n from users u left join (table states union all table projected_states) s using (user_id)
        where u.user_id = any ($1::uuid[]) and s.version is distinct from u.version`,
      users,
    );
    return stale.map(({ user, n }) => `state is not the last one: ${user}#${n}`);
  }

  private effects(users: string[]): Promise<Copy[]> {
    return this.rows(
      `select user_id as "user", n, event_id as id from (
         select seq, user_id, n, event_id from effects union all table projected_effects) e
        where user_id = any ($1::uuid[]) order by seq`,
      users,
    );
  }

  private rows<T extends object>(sql: string, users: string[]): Promise<T[]> {
    return many<T>(this.spec.db, sql, [users]);
  }
}

function toCopy({ key, headers }: BroadcastRecord): Copy {
  return { user: key ?? '', n: Number(headers['ce_version']), id: headers['ce_id'] ?? '' };
}

function firstsOf(topic: readonly Copy[]): Copy[] {
  return [...new Map(topic.toReversed().map((copy) => [copy.id, copy])).values()].reverse();
}
