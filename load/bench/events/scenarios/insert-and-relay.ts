import { topics, userStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { Outbox, Relay } from '@nest-arch/messaging';
import { announce, change, createUsers, turns } from '../change.ts';
import { CountingPublisher } from '../counting-publisher.ts';
import { callersAtOnce } from '../limits/postgres.ts';
import { type Measurement, rate, repeat } from '../measurement.ts';
import type { Span } from '../stopwatch.ts';
import type { World } from '../world.ts';

/** Changes with their events at full speed, while the relay of the same process carries them away. */
export async function insertAndRelay(world: World): Promise<Measurement[]> {
  const one = await measured(world, {
    id: 'insert-and-relay',
    what: `${callersAtOnce} callers change and announce one event each time, the relay sends: events in and out`,
    records: announceEvent,
  });
  const two = await measured(world, {
    id: 'insert-and-relay-both',
    what: `The same with an event and a state record for each change, as our services do: records in and out`,
    records: announceBoth,
  });
  return [one, two];
}

/** Announces a change; answers how many records that were. */
type Announcing = (outbox: Outbox, tx: Tx, change: { userId: string; version: number }) => Promise<number>;

const announceEvent: Announcing = async (outbox, tx, changed) => {
  await announce(outbox, tx, changed);
  return 1;
};

const announceBoth: Announcing = async (outbox, tx, { userId, version }) => {
  await announce(outbox, tx, { userId, version });
  const state = { ...userStateV1.fixture, userId, version };
  await outbox.add(tx, userStateV1, state, { key: userId, version });
  return 2;
};

async function measured(
  world: World,
  { id, what, records }: { id: string; what: string; records: Announcing },
): Promise<Measurement> {
  const { db } = await world.database(id.replaceAll('-', '_'));
  const topicPrefix = `${id}.`;
  await world.topics(topicPrefix, [topics.userEvents, topics.userState]);
  const nextUser = turns(await createUsers(db, 10_000));
  const publisher = new CountingPublisher({ brokers: world.brokers, clientId: 'bench', topicPrefix });
  const sender = new Relay(db, publisher);
  const outbox = new Outbox({ source: '/nest-arch/bench', relay: sender, urgent: publisher });
  sender.start();
  let committed = 0;
  const insert = async () => {
    const userId = nextUser();
    const count = await db.transaction(async (tx) =>
      records(outbox, tx, { userId, version: await change(tx, userId) }),
    );
    committed += count;
  };
  const atFullSpeed = async (seconds: number, name: string): Promise<Span> => {
    const before = { committed, sent: publisher.acknowledged };
    const watch = await world.watch(name);
    const until = performance.now() + seconds * 1000;
    const call = async () => {
      while (performance.now() < until) await insert();
    };
    await Promise.all(Array.from({ length: callersAtOnce }, call));
    // What went both in and out in this time: a backlog that grows does not count.
    return watch.stop(Math.min(committed - before.committed, publisher.acknowledged - before.sent));
  };
  await atFullSpeed(2, `${id}-warm-up`);
  const spans = await repeat(3, (round) => atFullSpeed(world.seconds * 0.75, `${id}-${round}`));
  await sender.stop();
  await publisher.close();
  return rate({ id, what, goal: { atLeast: 4_000 }, limit: 'pg-announce' }, spans);
}
