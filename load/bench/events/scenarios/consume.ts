import { topics, type TopicDefinition, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { type Db, execute, one } from '@nest-arch/database';
import type { EventContext } from '@nest-arch/messaging';
import { type Measurement, rate, repeat } from '../measurement.ts';
import {
  type BenchRecord,
  type Change,
  changes,
  fillTopic,
  newUsers,
  registered,
  state,
} from '../records.ts';
import { type BenchHandler, startService } from '../service.ts';
import type { Span, Stopwatch } from '../stopwatch.ts';
import type { World } from '../world.ts';

const people = 10_000;
const perPerson = 3;
const total = people * perPerson;
const rounds = 3;

interface Kind {
  name: string;
  topic: TopicDefinition;
  event: BenchHandler['event'];
  toRecord(change: Change): BenchRecord;
  table: string;
  effect(data: never, context: EventContext): Promise<unknown>;
  /** How many rows there are when all is done. */
  rows: number;
}

const events: Kind = {
  name: 'consume',
  topic: topics.userEvents,
  event: userRegisteredV1 as BenchHandler['event'],
  toRecord: registered,
  table: 'create table effects (event_id uuid not null, user_id uuid not null, version integer not null)',
  effect: (data: { userId: string; version: number }, { tx, id }) =>
    execute(tx, 'insert into effects (event_id, user_id, version) values ($1, $2, $3)', [
      id,
      data.userId,
      data.version,
    ]),
  rows: total,
};

const states: Kind = {
  name: 'consume-state',
  topic: topics.userState,
  event: userStateV1 as BenchHandler['event'],
  toRecord: state,
  table: 'create table effects (user_id uuid primary key, version integer not null, email text not null)',
  effect: (data: { userId: string; version: number; email: string }, { tx }) =>
    execute(
      tx,
      `insert into effects (user_id, version, email) values ($1, $2, $3)
       on conflict (user_id) do update set version = excluded.version, email = excluded.email
        where excluded.version > effects.version`,
      [data.userId, data.version, data.email],
    ),
  rows: people,
};

/** A service works through a prepared topic, one transaction a record. */
export async function consume(world: World): Promise<Measurement[]> {
  const goal = { atLeast: 3_000 };
  const about = `${total} records over 8 partitions, one transaction each`;
  return [
    rate(
      { id: 'consume', what: `Events: ${about} with inbox row and effect`, goal, limit: 'pg-consume' },
      await measure(world, events),
    ),
    rate(
      { id: 'consume-state', what: `State: ${about} with a guarded upsert`, goal, limit: 'pg-consume-state' },
      await measure(world, states),
    ),
  ];
}

async function measure(world: World, kind: Kind): Promise<Span[]> {
  const { db, url } = await world.database(kind.name.replace('-', '_'));
  await execute(db, kind.table);
  const topicPrefix = `${kind.name}.`;
  const group = (round: number) => `bench.r${round}`;
  const groups = Object.fromEntries(
    Array.from({ length: rounds + 1 }, (_, round) => [group(round), [kind.topic]]),
  );
  await world.topics(topicPrefix, [kind.topic], groups);
  await fillTopic(world.publisher(topicPrefix), changes(newUsers(people), perPerson), kind.toRecord);
  const round = async (index: number) => {
    await execute(db, 'truncate effects');
    return consumeAll(world, {
      kind,
      db,
      url,
      topicPrefix,
      group: group(index),
      name: `${kind.name}-${index}`,
    });
  };
  // Warms up this process, once for both kinds.
  if (kind === events) await round(0);
  return repeat(rounds, round);
}

interface Round {
  kind: Kind;
  db: Db;
  url: string;
  topicPrefix: string;
  group: string;
  name: string;
}

/** One group from the beginning of the topic to its end. Time begins with the first record: joining a group is no rate. */
async function consumeAll(world: World, { kind, db, url, topicPrefix, group, name }: Round): Promise<Span> {
  let seen = 0;
  let watch: Promise<Stopwatch> | undefined;
  const all = Promise.withResolvers<void>();
  const service = await startService({
    url,
    messaging: { appName: 'bench', brokers: world.brokers, topicPrefix, relay: false },
    handlers: [
      {
        event: kind.event,
        group,
        async handle(data, context) {
          watch ??= world.watch(name);
          await kind.effect(data, context);
          seen += 1;
          if (seen === total) all.resolve();
        },
      },
    ],
    servers: [{ group }],
  });
  await all.promise;
  await filled(db, kind.rows);
  const span = await (await watch)?.stop(total);
  await service.stop();
  if (!span) throw new Error('nothing was consumed');
  return span;
}

/** The last handlers have returned; their commits are under way. */
async function filled(db: Db, rows: number): Promise<void> {
  for (;;) {
    const { count } = await one<{ count: number }>(db, 'select count(*)::int as count from effects');
    if (count >= rows) return;
  }
}
