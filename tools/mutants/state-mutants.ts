import type { Mutant } from './mutants.ts';

const state = 'libs/messaging/src/state';

/** What keeps a state topic right: heartbeats, the comparison with its table, the snapshot. */
export const stateMutants: readonly Mutant[] = [
  {
    name: 'state: outbox not asked',
    file: `${state}/comparison-pass.ts`,
    find: 'for (const key of await pendingKeys(db, { topic: source.event.topic.name, keys })) this.clear(key);',
    replace: 'void [pendingKeys, keys];',
    why: 'every change that is on its way is taken for lost and announced twice',
    specs: ['state/comparison.spec'],
    tests: 'takes no row for lost',
  },
  {
    name: 'state: topic not read on',
    file: `${state}/comparison-pass.ts`,
    find: `await this.scan.readToEnd(signal);
    if (this.suspects.size > 0) {`,
    replace: 'if (this.suspects.size > 0) {',
    why: 'every change that was sent meanwhile is taken for lost and announced twice',
    specs: ['state/comparison.spec'],
    tests: 'takes no row for lost',
  },
  {
    name: 'state: erasure list not asked',
    file: `${state}/comparison-pass.ts`,
    find: 'const gone = keys.filter((key) => erased.has(key) && this.lastOf(key).hasValue);',
    replace: 'const gone: string[] = [];',
    why: 'the address of an erased person that a late relay wrote stays for ever',
    specs: ['state/comparison.spec'],
    tests: 'behind a tombstone',
  },
  {
    name: 'state: what the database does not know is deleted',
    file: `${state}/comparison-pass.ts`,
    find: 'const gone = keys.filter((key) => erased.has(key) && this.lastOf(key).hasValue);',
    replace: 'const gone = keys.filter((key) => !rows.has(key) && this.lastOf(key).hasValue);',
    why: 'a restored backup destroys the people who came after it',
    specs: ['state/comparison.spec'],
    tests: 'only counts',
  },
  {
    name: 'state: snapshot without the lock',
    file: `${state}/snapshot.ts`,
    find: 'const rows = await source.lock(tx, keys);',
    replace: `const rows = (await source.page(db, { after: null, limit: 1_000 })).filter(({ key }) => keys.includes(key));
      await new Promise((resolve) => setTimeout(resolve, 20));`,
    why: 'a change during a snapshot is followed by the state before it',
    specs: ['state/snapshot.spec'],
    tests: 'never says an older state',
  },
  {
    name: 'state: every replica does every chore',
    file: `${state}/chores.queries.ts`,
    find: 'where name = $1 and due_at <= now()`',
    replace: 'where name = $1`',
    why: 'ten replicas compare the whole table all day',
    specs: ['state/state-upkeep'],
    tests: 'one heartbeat|gives a chore',
  },
  {
    name: 'state: heartbeats by key',
    file: `${state}/heartbeats.ts`,
    find: 'return { topic, partition, key,',
    replace: 'return { topic, key,',
    why: 'partitions without a heartbeat keep what was erased',
    specs: ['state/state-upkeep'],
    tests: 'one heartbeat',
  },
  {
    name: 'state: heartbeats reach the readers',
    file: 'libs/messaging/src/broadcast/broadcast-consumer.ts',
    find: 'if (isHeartbeat(message) && !this.options.withHeartbeats) continue;',
    replace: 'void isHeartbeat(message);',
    why: 'what reads a state topic counts keys that are nobody',
    specs: ['state/state-upkeep'],
    tests: 'one heartbeat',
  },
  {
    name: 'outbox: the planner is trusted',
    file: 'libs/messaging/src/outbox/outbox.queries.ts',
    find: `delete from outbox where ctid = any (array(
       select o.ctid from unnest($1::smallint[], $2::bigint[]) as d (bucket, seq)
        cross join lateral (
          select p.ctid from outbox p where p.bucket = d.bucket and p.seq = d.seq limit 1) o))`,
    replace: `delete from outbox o using unnest($1::smallint[], $2::bigint[]) as d (bucket, seq)
      where o.bucket = d.bucket and o.seq = d.seq`,
    why: 'behind an outage every batch takes seconds, until the relay does not get on at all',
    specs: ['outbox/backlog'],
  },
  {
    name: 'clocks not compared',
    file: 'libs/messaging/src/outbox/publisher.ts',
    find: 'this.compareClocks(before, metadata);',
    replace: 'void before;',
    why: 'a server whose clock is wrong signs tokens that end too late',
    specs: ['outbox/clock-skew'],
  },
];
