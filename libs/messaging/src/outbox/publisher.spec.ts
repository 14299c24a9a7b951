import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { ProduceWatch } from '../../test/produce-watch.js';
import { messagingSpec, newReplica, readTopics } from '../../test/support.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userEvents] });
});
afterAll(() => spec.drop());

// One broker cannot show what becomes of a record whose leader dies, and caps min.insync.replicas at its one replica. So
// this looks at what is asked of it; the two brokers are in replicas.faults.spec.ts.
it('counts an event as published when every in-sync replica has it', async () => {
  const watch = await ProduceWatch.open(spec.brokers[0] ?? '');
  const replica = newReplica({ ...spec, brokers: [watch.address] });
  const [relayed, urgent] = [randomUUID(), randomUUID()];
  await spec.db.transaction(async (tx) => {
    const data = (userId: string) => ({ ...userRegisteredV1.fixture, userId });
    await replica.outbox.add(tx, userRegisteredV1, data(relayed), { key: relayed });
    await replica.outbox.add(tx, userRegisteredV1, data(urgent), { key: urgent, urgent: true });
  });
  replica.relay.start();
  const pending = () => one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`);
  await waitFor(async () => (await pending()).n === 0);
  await waitFor(async () => (await readTopics(spec, topics.userEvents)).length >= 3);
  await replica.stop();
  await watch.close();

  expect(watch.acks.length).toBeGreaterThanOrEqual(2);
  expect(new Set(watch.acks)).toEqual(new Set([-1]));
});
