import { type TopicDefinition, topics } from '@nest-arch/contracts';
import { type Db, execute, one } from '@nest-arch/database';
import { createDirectory, Directory } from '../directory.ts';
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
import { startService } from '../service.ts';
import type { Span, Stopwatch } from '../stopwatch.ts';
import type { World } from '../world.ts';

const people = 100_000;
const perPerson = 2;
const total = people * perPerson;
const rounds = 3;

interface Kind {
  name: string;
  topic: TopicDefinition;
  toRecord(change: Change): BenchRecord;
  /** Answers how many rows are final. */
  done: string;
  rows: number;
}

const states: Kind = {
  name: 'batch-state',
  topic: topics.userState,
  toRecord: state,
  done: `select count(*)::int as count from people where version = ${perPerson}`,
  rows: people,
};

const events: Kind = {
  name: 'batch',
  topic: topics.userEvents,
  toRecord: registered,
  done: 'select count(*)::int as count from arrivals',
  rows: total,
};

/** A projection reads a prepared topic, many records a transaction. */
export async function batch(world: World): Promise<Measurement[]> {
  const about = `${total} records over 8 partitions, many in a transaction`;
  const goal = { atLeast: 30_000 };
  return [
    rate(
      { id: 'batch-state', what: `Projection of state: ${about}, guarded upsert`, goal, limit: 'pg-batch' },
      await measure(world, states),
    ),
    rate(
      { id: 'batch', what: `Projection of events: ${about}, inbox row and effect`, goal, limit: 'pg-batch' },
      await measure(world, events),
    ),
  ];
}

async function measure(world: World, kind: Kind): Promise<Span[]> {
  const { db, url } = await world.database(kind.name.replace('-', '_'));
  await createDirectory(db);
  const topicPrefix = `${kind.name}.`;
  const appOf = (round: number) => `bench${round}`;
  const read = [topics.userState, topics.userEvents];
  const groups = Object.fromEntries(
    Array.from({ length: rounds + 1 }, (_, round) => [`${appOf(round)}.directory`, read]),
  );
  await world.topics(topicPrefix, read, groups);
  await fillTopic(world.publisher(topicPrefix), changes(newUsers(people), perPerson), kind.toRecord);
  const round = async (index: number) => {
    await execute(db, 'truncate directory_1.people, directory_1.arrivals');
    const name = `${kind.name}-${index}`;
    return consumeAll(world, { kind, db, url, topicPrefix, appName: appOf(index), name });
  };
  // Warms up this process, once for both kinds.
  if (kind === states) await round(0);
  return repeat(rounds, round);
}

interface Round {
  kind: Kind;
  db: Db;
  url: string;
  topicPrefix: string;
  /** Another one is another group, which begins at the beginning. */
  appName: string;
  name: string;
}

/** Time begins with the first records that are about to be committed: joining a group is no rate. */
async function consumeAll(world: World, { kind, db, url, topicPrefix, appName, name }: Round): Promise<Span> {
  const directory = new Directory();
  let watch: Promise<Stopwatch> | undefined;
  let before = 0;
  let seen = 0;
  const all = Promise.withResolvers<void>();
  directory.onRecords = (count) => {
    if (!watch) before = count;
    watch ??= world.watch(name);
    seen += count;
    if (seen >= total) all.resolve();
  };
  const service = await startService({
    url,
    messaging: { appName, brokers: world.brokers, topicPrefix, relay: false },
    projection: directory,
  });
  await all.promise;
  await finished(db, kind);
  const span = await (await watch)?.stop(total - before);
  await service.stop();
  if (!span) throw new Error('nothing was read');
  return span;
}

/** The last handlers have returned; their commits are under way. */
async function finished(db: Db, { done, rows }: Kind): Promise<void> {
  for (;;) {
    const { count } = await one<{ count: number }>(db, done);
    if (count >= rows) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
