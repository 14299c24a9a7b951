import { topics } from '@nest-arch/contracts';
import { execute, one, type Db } from '@nest-arch/database';
import { Relay } from '@nest-arch/messaging';
import { CountingPublisher } from '../counting-publisher.ts';
import { type Measurement, rate, repeat } from '../measurement.ts';
import { fillOutbox, newUsers } from '../records.ts';
import type { Span } from '../stopwatch.ts';
import type { World } from '../world.ts';

const people = 10_000;
const perPerson = 6;

/** One relay empties an outbox that was prepared. */
export async function relay(world: World): Promise<Measurement[]> {
  const { db } = await world.database('relay');
  const topicPrefix = 'relay.';
  await world.topics(topicPrefix, [topics.userEvents]);
  const drain = async (perUser: number, name: string): Promise<Span> => {
    const users = newUsers(people);
    await execute(db, 'truncate outbox');
    await fillOutbox(db, users, perUser);
    const publisher = new CountingPublisher({ brokers: world.brokers, clientId: 'bench', topicPrefix });
    const sender = new Relay(db, publisher);
    const watch = await world.watch(name);
    sender.start();
    await publisher.sentAtLeast(users.length * perUser);
    await empty(db);
    const span = await watch.stop(users.length * perUser);
    await sender.stop();
    await publisher.close();
    return span;
  };
  await drain(1, 'relay-warm-up');
  const spans = await repeat(3, (round) => drain(perPerson, `relay-${round}`));
  const about = `One relay empties an outbox of ${people * perPerson} rows of ${people} users`;
  return [rate({ id: 'relay', what: about, goal: { atLeast: 15_000 }, limit: 'send-batches' }, spans)];
}

async function empty(db: Db): Promise<void> {
  for (;;) {
    const { some } = await one<{ some: boolean }>(db, 'select exists (select 1 from outbox) as some');
    if (!some) return;
  }
}
