import { subscriptions, type TopicDefinition } from '@nest-arch/contracts';
import { readTopics, waitFor } from '@nest-arch/testing';
import type { Composed } from '../composed.ts';
import type { Person } from '../person.ts';

type Owner = Parameters<Composed['rows']>[0];
type Row = Record<string, unknown>;

const owners: readonly Owner[] = ['auth', 'profile', 'notification', 'analytics'];
const welcomes = `select user_id from inbox_items where type = 'account.welcome'`;
const signUps = `select coalesce(sum(sign_ups), 0)::int as n from daily_counts`;

/** Waits until everybody who registered is everywhere, and the outboxes are empty. Answers the seconds it took. */
export async function everythingArrives(
  world: Composed,
  people: readonly Person[],
  timeoutMs: number,
): Promise<number> {
  const startedAt = performance.now();
  const patience = (what: string) => ({
    timeoutMs: Math.max(1_000, timeoutMs - (performance.now() - startedAt)),
    intervalMs: 200,
    what,
  });
  const accounts = await userIds(world, 'auth', 'select user_id from users');
  const all = accounts.length;
  const has = async (owner: Owner, sql: string) => (await userIds(world, owner, sql)).length >= all;
  await waitFor(() => has('profile', 'select user_id from profiles'), patience('the profiles'));
  await waitFor(() => has('notification', welcomes), patience('the welcome messages'));
  await waitFor(() => people.every((person) => person.mails().length > 0), patience('the mails'));
  await waitFor(
    async () => (await world.rows<{ n: number }>('analytics', signUps))[0]?.n === all,
    patience('the sign-ups'),
  );
  await waitFor(async () => (await pending(world)) === 0, patience('empty outboxes'));
  return (performance.now() - startedAt) / 1_000;
}

/** What differs between the services, what there is twice, and what was put aside: all of it must be empty. */
export async function differences(world: Composed, people: readonly Person[]): Promise<Row> {
  const accounts = await userIds(world, 'auth', 'select user_id from users');
  const known = new Set(accounts);
  const apart = async (owner: Owner, sql: string) => {
    const found = await userIds(world, owner, sql);
    return found.length === accounts.length && found.every((id) => known.has(id))
      ? 'equal'
      : `${found.length} of ${accounts.length}`;
  };
  const buried: string[] = [];
  for (const owner of owners) {
    const rows = await world.rows<Row>(owner, 'select type, reason from outbox_dead_letters');
    buried.push(...rows.map((row) => `${owner} ${JSON.stringify(row)}`));
  }
  return {
    profiles: await apart('profile', 'select user_id from profiles'),
    contacts: await apart('notification', 'select user_id from contacts where email is not null'),
    welcomes: await apart('notification', welcomes),
    mailedTwice: people.filter((person) => person.mails().length > 1).length,
    buried,
    deadLetters: await deadLetters(world),
  };
}

export const nothingIsWrong = {
  profiles: 'equal',
  contacts: 'equal',
  welcomes: 'equal',
  mailedTwice: 0,
  buried: [],
  deadLetters: [],
};

/** Rows that wait in all outboxes. */
export async function pending(world: Composed): Promise<number> {
  const counts = owners.map((owner) =>
    world.rows<{ n: number }>(owner, 'select count(*)::int as n from outbox'),
  );
  return (await Promise.all(counts)).reduce((sum, [row]) => sum + (row?.n ?? 0), 0);
}

export interface Course {
  records: number;
  keys: number;
  /** Copies of a record that was there before, as a relay may send them. */
  repeats: number;
  /** Users whose records are not in the order of their versions, once the copies are left out. */
  outOfOrder: string[];
  /** Users whose last record is not the one with the highest version. */
  endsWrong: string[];
  /** The most versions of one user. */
  longest: number;
}

/** Reads a topic of versioned records and judges their order by user. */
export async function courseOf(world: Composed, topic: TopicDefinition): Promise<Course> {
  const course: Course = { records: 0, keys: 0, repeats: 0, outOfOrder: [], endsWrong: [], longest: 0 };
  const records = (await readTopics(placeOf(world), topic)).filter(({ headers }) => headers['ce_version']);
  const byKey = Map.groupBy(records, ({ key }) => key);
  for (const [key, list] of byKey) {
    const seen = new Set<string>();
    const firsts = list.filter(
      ({ headers }) => !seen.has(headers['ce_id'] ?? '') && seen.add(headers['ce_id'] ?? ''),
    );
    const versions = firsts.map(({ headers }) => Number(headers['ce_version']));
    if (versions.some((version, index) => version <= (versions[index - 1] ?? 0))) course.outOfOrder.push(key);
    if (Number(list.at(-1)?.headers['ce_version']) !== Math.max(...versions)) course.endsWrong.push(key);
    course.repeats += list.length - firsts.length;
    course.longest = Math.max(course.longest, versions.length);
  }
  return { ...course, records: records.length, keys: byKey.size };
}

async function deadLetters(world: Composed): Promise<string[]> {
  const names = Object.entries(subscriptions).flatMap(([group, read]) =>
    read.map(({ name }) => ({ name: `${name}.${group}.dlq` })),
  );
  const letters = await readTopics(placeOf(world), ...names);
  return letters.map(
    ({ topic, headers }) => `${topic} ${headers['x-dlq-reason']} ${headers['x-dlq-detail']}`,
  );
}

function placeOf({ prefix, platform }: Composed) {
  return { prefix, brokers: platform.engines.brokers };
}

async function userIds(world: Composed, owner: Owner, sql: string): Promise<string[]> {
  return (await world.rows<{ user_id: string }>(owner, sql)).map((row) => row.user_id);
}
