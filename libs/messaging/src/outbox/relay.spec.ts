import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics, userRegisteredV1, userRolesChangedV1 } from '@nest-arch/contracts';
import { execute, one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { messagingSpec, newPublisher, newReplica, readTopics } from '../../test/support.js';
import type { BroadcastRecord } from '../broadcast/index.js';
import { createTopics } from '../topics/create-topics.js';
import type { Outbox } from './outbox.js';
import { Publisher, SendTooLateError } from './publisher.js';
import { relayMetrics } from './relay-metrics.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userEvents] });
  await execute(spec.db, `create table counters (user_id uuid primary key, version int not null)`);
});
afterAll(() => spec.drop());

/** Takes the user's next version under its row lock and announces it, as a service does. */
function announceNext(outbox: Outbox, userId: string): Promise<void> {
  return spec.db.transaction(async (tx) => {
    const { version } = await one<{ version: number }>(
      tx,
      `insert into counters as c values ($1, 1)
       on conflict (user_id) do update set version = c.version + 1 returning version`,
      [userId],
    );
    await outbox.add(
      tx,
      userRegisteredV1,
      { ...userRegisteredV1.fixture, userId, version },
      { key: userId, version },
    );
  });
}

function pending(): Promise<number> {
  return one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`).then(({ n }) => n);
}

function distinct(records: BroadcastRecord[]): BroadcastRecord[] {
  return [...new Map(records.map((record) => [record.headers['ce_id'], record])).values()];
}

function versionsOf(records: BroadcastRecord[], userId: string): number[] {
  return records.filter(({ key }) => key === userId).map(({ data }) => (data as { version: number }).version);
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

describe('the relay', () => {
  it('keeps the order per key with many writers and two replicas', async () => {
    const replicas = [newReplica(spec), newReplica(spec)] as const;
    replicas.forEach(({ relay }) => relay.start());
    const users = Array.from({ length: 12 }, () => randomUUID());
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 60; i += 1) {
        const user = users[Math.floor(Math.random() * users.length)] as string;
        await announceNext(replicas[(writer + i) % 2 === 0 ? 0 : 1].outbox, user);
      }
    });
    await Promise.all(writers);
    await waitFor(async () => (await pending()) === 0);
    await Promise.all(replicas.map((replica) => replica.stop()));

    // A batch that failed for one partition is sent again for all: what counts is the first time of each event.
    const records = distinct(await readTopics(spec, topics.userEvents));
    const perUser = users.map((user) => versionsOf(records, user));
    expect(perUser.flat()).toHaveLength(8 * 60);
    for (const versions of perUser) expect(versions).toEqual(upTo(versions.length));
  });

  it('loses nothing when a replica dies after Kafka took a batch and before the rows are gone', async () => {
    class DyingPublisher extends Publisher {
      sends = 0;
      override async send(...args: Parameters<Publisher['send']>) {
        const sent = await super.send(...args);
        this.sends += 1;
        if (this.sends > 1) await new Promise(() => undefined);
        return sent;
      }
    }
    const dying = new DyingPublisher({ brokers: spec.brokers, clientId: 'dying', topicPrefix: spec.prefix });
    const lease = { leaseMs: 1_500, marginMs: 400 };
    const first = newReplica(spec, { ...lease, batchSize: 64 }, dying);
    const user = randomUUID();
    first.relay.start();
    await waitFor(() => first.relay.holds(0));
    for (let i = 0; i < 30; i += 1) await announceNext(first.outbox, user);
    await waitFor(() => dying.sends > 1);

    const second = newReplica(spec, lease);
    second.relay.start();
    for (let i = 0; i < 30; i += 1) await announceNext(second.outbox, user);
    await waitFor(async () => (await pending()) === 0);
    await second.stop();
    await dying.close();

    const versions = versionsOf(await readTopics(spec, topics.userEvents), user);
    // The batch that was sent twice repeats a stretch; nothing is missing and nothing overtakes.
    expect([...new Set(versions)]).toEqual(upTo(60));
    expect(versions.length).toBeGreaterThan(60);
  });

  it('shares the buckets evenly and takes over from a replica that stops', async () => {
    const held = async () =>
      one<{ n: number; holders: number }>(
        spec.db,
        `select count(*)::int as n, count(distinct holder)::int as holders from outbox_leases where expires_at > now()`,
      );
    const lease = { leaseMs: 2_000, marginMs: 500 };
    const [first, second] = [newReplica(spec, lease), newReplica(spec, lease)];
    let shared = 0;
    const watch = setInterval(() => {
      shared += upTo(64).filter((n) => first.relay.holds(n - 1) && second.relay.holds(n - 1)).length;
    }, 5);
    first.relay.start();
    await waitFor(() => first.relay.holds(0) && first.relay.holds(63));
    second.relay.start();
    const countOf = (replica: typeof first) => upTo(64).filter((n) => replica.relay.holds(n - 1)).length;
    await waitFor(() => countOf(first) === 32 && countOf(second) === 32, { what: '32 buckets each' });
    await second.stop();
    await waitFor(() => countOf(first) === 64, { what: 'all 64 buckets' });
    clearInterval(watch);
    expect(shared).toBe(0);
    expect(await held()).toEqual({ n: 64, holders: 1 });
    await first.stop();
    expect((await held()).n).toBe(0);
  });

  it('buries a row that Kafka will never take, and goes on with the others', async () => {
    const replica = newReplica(spec);
    replica.relay.start();
    const [big, small] = [randomUUID(), randomUUID()];
    await spec.db.transaction(async (tx) => {
      const huge = { ...userRolesChangedV1.fixture, userId: big, granted: ['x'.repeat(2_000_000)] };
      await replica.outbox.add(tx, userRolesChangedV1, huge, { key: big });
    });
    await announceNext(replica.outbox, big);
    await announceNext(replica.outbox, small);
    await waitFor(async () => (await pending()) === 0);
    await replica.stop();

    const dead = await one(spec.db, `select key, reason, type from outbox_dead_letters`);
    expect(dead).toEqual({ key: big, reason: 'MESSAGE_TOO_LARGE', type: userRolesChangedV1.type });
    const records = await readTopics(spec, topics.userEvents);
    expect([versionsOf(records, big), versionsOf(records, small)]).toEqual([[1], [1]]);
  });

  it('lets the events of a missing topic wait without delaying the others', async () => {
    const replica = newReplica(spec);
    replica.relay.start();
    const user = randomUUID();
    const insertForMissing = `insert into outbox (bucket, id, topic, key, type, payload, headers)
                              values (1, $1, 'profile.user.events.v1', 'k', 'some.type.v1', '{}', '{}')`;
    await execute(spec.db, insertForMissing, [uuidv7()]);
    for (let i = 0; i < 3; i += 1) await announceNext(replica.outbox, user);
    await waitFor(async () => (await pending()) === 1);

    await createTopics({
      brokers: spec.brokers,
      prefix: spec.prefix,
      groups: {},
      only: [topics.profileEvents],
    });
    await waitFor(async () => (await pending()) === 0);
    await replica.stop();
    expect(await readTopics(spec, topics.profileEvents)).toHaveLength(1);
    expect(versionsOf(await readTopics(spec, topics.userEvents), user)).toEqual([1, 2, 3]);
  });

  it('tells how much waits while the broker is away', async () => {
    const nobody = { ...spec, brokers: ['127.0.0.1:1'] };
    const replica = newReplica(spec, {}, newPublisher(nobody));
    for (let i = 0; i < 7; i += 1) await announceNext(replica.outbox, randomUUID());
    relayMetrics.pending.set(0);
    replica.relay.start();
    await waitFor(async () => (await relayMetrics.pending.get()).values[0]?.value === 7);
    await replica.stop();
    await execute(spec.db, `delete from outbox`);
  });

  it('publishes rows that another process wrote, without being woken', async () => {
    const replica = newReplica(spec);
    replica.relay.start();
    await waitFor(() => replica.relay.holds(0));
    const writer = newReplica(spec);
    await announceNext(writer.outbox, randomUUID());
    await waitFor(async () => (await pending()) === 0);
    await replica.stop();
    await writer.publisher.close();
  });

  it('sends an urgent event at once although another replica holds its bucket', async () => {
    const writer = newReplica(spec);
    const user = randomUUID();
    await spec.db.transaction((tx) =>
      writer.outbox.add(
        tx,
        userRegisteredV1,
        { ...userRegisteredV1.fixture, userId: user },
        { key: user, urgent: true },
      ),
    );
    await waitFor(async () => versionsOf(await readTopics(spec, topics.userEvents), user).length === 1);
    expect(await pending()).toBe(1);
    await execute(spec.db, `delete from outbox`);
    await writer.stop();
  });

  it('sends an urgent event at once although its own relay is busy with a batch', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    class BusyPublisher extends Publisher {
      isBusy = false;
      override async send(...args: Parameters<Publisher['send']>) {
        this.isBusy = true;
        await released;
        return super.send(...args);
      }
    }
    const busy = new BusyPublisher({ brokers: spec.brokers, clientId: 'busy', topicPrefix: spec.prefix });
    const replica = newReplica(spec, {}, busy);
    replica.relay.start();
    await waitFor(() => upTo(64).every((n) => replica.relay.holds(n - 1)));
    await announceNext(replica.outbox, randomUUID());
    await waitFor(() => busy.isBusy);

    const user = randomUUID();
    const data = { ...userRegisteredV1.fixture, userId: user };
    await spec.db.transaction((tx) =>
      replica.outbox.add(tx, userRegisteredV1, data, { key: user, urgent: true }),
    );
    const ofUser = async () => (await readTopics(spec, topics.userEvents)).filter(({ key }) => key === user);
    try {
      await waitFor(async () => (await ofUser()).length === 1);
    } finally {
      release();
    }
    await waitFor(async () => (await pending()) === 0);
    await replica.stop();

    // The relay's copy is the same event: who reads it knows it by its id.
    expect(await ofUser()).toHaveLength(2);
    expect(distinct(await ofUser())).toHaveLength(1);
  });

  it('writes nothing when the lease has run out while the request was being made', async () => {
    const publisher = newPublisher(spec);
    const record = { topic: topics.userEvents.name, key: 'late', value: '{}', headers: {} };
    await expect(publisher.send([record], () => false)).rejects.toThrow(SendTooLateError);
    await publisher.close();
    expect((await readTopics(spec, topics.userEvents)).filter(({ key }) => key === 'late')).toEqual([]);
  });
});
