import { topics } from '@nest-arch/contracts';
import { Outbox, Relay } from '@nest-arch/messaging';
import { announce, change, createUsers, turns } from '../change.ts';
import { CountingPublisher } from '../counting-publisher.ts';
import { callersAtOnce } from '../limits/postgres.ts';
import { type Measurement, rate, repeat } from '../measurement.ts';
import type { Span } from '../stopwatch.ts';
import type { World } from '../world.ts';

/** Changes with their events at full speed, while the relay of the same process carries them away. */
export async function insertAndRelay(world: World): Promise<Measurement[]> {
  const { db } = await world.database('inserting');
  const topicPrefix = 'inserting.';
  await world.topics(topicPrefix, [topics.userEvents]);
  const nextUser = turns(await createUsers(db, 10_000));
  const publisher = new CountingPublisher({ brokers: world.brokers, clientId: 'bench', topicPrefix });
  const sender = new Relay(db, publisher);
  const outbox = new Outbox({ source: '/nest-arch/bench', relay: sender, urgent: publisher });
  sender.start();
  let committed = 0;
  const insert = async () => {
    const userId = nextUser();
    await db.transaction(async (tx) => announce(outbox, tx, { userId, version: await change(tx, userId) }));
    committed += 1;
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
  await atFullSpeed(2, 'insert-and-relay-warm-up');
  const spans = await repeat(3, (round) => atFullSpeed(world.seconds * 0.75, `insert-and-relay-${round}`));
  await sender.stop();
  await publisher.close();
  const what = `${callersAtOnce} callers change and announce, the relay sends: events in and out`;
  return [rate({ id: 'insert-and-relay', what, goal: { atLeast: 4_000 }, limit: 'pg-announce' }, spans)];
}
