import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { waitFor } from '@nest-arch/testing';
import { messagingSpec, newPublisher, newReplica, readTopics } from '../../test/support.js';
import { bucketOf } from './outbox.js';
import { Publisher, SendTooLateError } from './publisher.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userEvents] });
});
afterAll(() => spec.drop());

/** Comes to the network late, as after a reconnect or a frozen machine. */
class LatePublisher extends Publisher {
  outcome: Promise<unknown> | undefined;
  ready: () => boolean = () => true;

  override async send(...args: Parameters<Publisher['send']>) {
    await waitFor(() => this.ready());
    const sending = super.send(...args);
    this.outcome ??= sending.catch((error: unknown) => error);
    return sending;
  }
}

it('sends nothing under a lease that ran out on the way to the network', async () => {
  const options = { brokers: spec.brokers, clientId: 'late', topicPrefix: spec.prefix };
  const late = new LatePublisher(options);
  const lease = { leaseMs: 800, marginMs: 300 };
  const first = newReplica(spec, lease, late);
  const key = randomUUID();
  first.relay.start();
  await waitFor(() => first.relay.holds(bucketOf(key)));
  late.ready = () => !first.relay.holds(bucketOf(key));
  const data = { ...userRegisteredV1.fixture, userId: key };
  await spec.db.transaction((tx) => first.outbox.add(tx, userRegisteredV1, data, { key }));
  await waitFor(() => late.outcome);
  await first.relay.abandon();

  expect(await late.outcome).toBeInstanceOf(SendTooLateError);
  expect(await readTopics(spec, topics.userEvents)).toEqual([]);

  const second = newReplica(spec, lease, newPublisher(spec));
  second.relay.start();
  await waitFor(async () => (await readTopics(spec, topics.userEvents)).length === 1);
  await Promise.all([second.stop(), late.close()]);
});
