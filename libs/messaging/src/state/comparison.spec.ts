import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { topics, userStateV1 } from '@nest-arch/contracts';
import { execute, one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { publish } from '../../test/event-server.js';
import { lastRecords, newComparison, people, stateOf } from '../../test/state.js';
import { messagingSpec, newReplica } from '../../test/support.js';
import { markErased } from '../inbox/erased-users.js';
import { Publisher } from '../outbox/publisher.js';
import { StateComparison, planScopes } from './comparison.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let replica: ReturnType<typeof newReplica>;

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userState] });
  await people.create(spec.db);
  replica = newReplica(spec);
  replica.relay.start();
});
afterAll(async () => {
  await replica.stop();
  await spec.drop();
});
beforeEach(async () => {
  await execute(spec.db, `delete from people`);
});

const untilSent = () =>
  waitFor(async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n === 0);
const announced = (userId: string) => spec.db.transaction((tx) => people.save(tx, replica.outbox, userId));
const unannounced = (userId: string) => spec.db.transaction((tx) => people.save(tx, null, userId));
const compare = (options = {}) => newComparison(spec, replica.outbox, options).run();

/** Writes a version of a person straight to the topic, as a relay does that was late. */
const writeLate = (userId: string, version: number) =>
  publish(replica.publisher, userStateV1, stateOf({ userId, version, email: 'late@example.com' }), {
    key: userId,
    version,
  });

describe('the comparison of a state topic with its table', () => {
  it('finds nothing to do where both say the same', async () => {
    for (let i = 0; i < 3; i += 1) await announced(uuidv7());
    await untilSent();
    expect(await compare()).toMatchObject({ compared: 3, republished: 0, tombstoned: 0, ahead: 0 });
  });

  it('says anew what the topic has older than the table, or not at all', async () => {
    const [older, missing, fine] = [uuidv7(), uuidv7(), uuidv7()];
    for (const userId of [older, older, fine]) await announced(userId);
    await unannounced(missing);
    await untilSent();
    await writeLate(older, 1);

    expect(await compare()).toMatchObject({ compared: 3, republished: 2 });

    await untilSent();
    const last = await lastRecords(spec);
    expect([older, missing, fine].map((key) => last.get(key)?.version)).toEqual([2, 1, 1]);
    expect(await compare()).toMatchObject({ republished: 0 });
  });

  it('takes no row for lost that is still in the outbox, or has left it since the topic was read', async () => {
    const held = newReplica(spec);
    const [waiting, fine] = [uuidv7(), uuidv7()];
    await announced(fine);
    await untilSent();
    await replica.stop();
    replica = newReplica(spec);
    await spec.db.transaction((tx) => people.save(tx, held.outbox, waiting));
    expect(await compare()).toMatchObject({ compared: 2, republished: 0 });

    // The row is read while its record is in the outbox, and the record is sent before the outbox is asked.
    const source = {
      ...people.source,
      page: async (...args: Parameters<typeof people.source.page>) => {
        const rows = await people.source.page(...args);
        replica.relay.start();
        await untilSent();
        return rows;
      },
    };
    const { db, brokers, prefix: topicPrefix } = spec;
    const parts = { db, brokers, topicPrefix, outbox: replica.outbox, appName: 'spec', source };
    expect(await new StateComparison(parts).run()).toMatchObject({ compared: 2, republished: 0 });
    await held.stop();
  });

  it('finds the value that a frozen relay wrote behind a tombstone, and ends it again', async () => {
    const userId = uuidv7();
    await announced(userId);
    await spec.db.transaction(async (tx) => {
      await execute(tx, `delete from people where user_id = $1`, [userId]);
      await markErased(tx, userId);
      await replica.outbox.tombstone(tx, userStateV1, { key: userId, version: 2 });
    });
    await untilSent();
    expect(await compare()).toMatchObject({ tombstoned: 0 });
    await writeLate(userId, 1);

    expect(await compare()).toMatchObject({ tombstoned: 1 });

    await untilSent();
    expect((await lastRecords(spec)).get(userId)).toEqual({ version: 2, hasValue: false });
  });

  it('ends the record of a person on the erasure list whom a restored backup has brought back', async () => {
    const userId = uuidv7();
    await announced(userId);
    await spec.db.transaction((tx) => markErased(tx, userId));
    await untilSent();
    expect(await compare()).toMatchObject({ republished: 0, tombstoned: 1 });
    await untilSent();
    expect((await lastRecords(spec)).get(userId)).toEqual({ version: 2, hasValue: false });
    expect(await compare()).toMatchObject({ republished: 0, tombstoned: 0 });
  });

  it('only counts what a restored backup does not know', async () => {
    const [forgotten, newer] = [uuidv7(), uuidv7()];
    for (const userId of [forgotten, newer, newer]) await announced(userId);
    await untilSent();
    const before = (await compare()).unknown;
    await execute(spec.db, `delete from people where user_id = $1`, [forgotten]);
    await execute(spec.db, `update people set version = 1 where user_id = $1`, [newer]);

    expect(await compare()).toMatchObject({ republished: 0, tombstoned: 0, unknown: before + 1, ahead: 1 });

    const last = await lastRecords(spec);
    expect([last.get(forgotten), last.get(newer)]).toEqual([
      { version: 1, hasValue: true },
      { version: 2, hasValue: true },
    ]);
  });

  it('finds the same in passes over a few keys each', async () => {
    const users = Array.from({ length: 60 }, () => uuidv7());
    for (const [index, userId] of users.entries()) await (index % 3 === 0 ? unannounced : announced)(userId);
    await untilSent();
    // A partition with more records than one pass may hold.
    for (let i = 0; i < 40; i += 1) await writeLate(users[1] as string, 1);
    const few = { keysPerPass: 30, pageSize: 9 };
    expect(await compare(few)).toMatchObject({ compared: 60, republished: 20 });
    await untilSent();
    const last = await lastRecords(spec);
    expect(users.every((userId) => last.get(userId)?.version === 1)).toBe(true);
    expect(await compare(few)).toMatchObject({ compared: 60, republished: 0 });
  });
});

it('finds what a relay wrote that was held back past its lease', async () => {
  class HeldPublisher extends Publisher {
    held = Promise.withResolvers<void>();
    isHeld = false;
    override async send(...[records]: Parameters<Publisher['send']>) {
      this.isHeld = true;
      await this.held.promise;
      // The fence was passed before it froze.
      return super.send(records);
    }
  }
  const { brokers, prefix: topicPrefix } = spec;
  const frozen = new HeldPublisher({ brokers, clientId: 'frozen', topicPrefix });
  const lease = { leaseMs: 600, marginMs: 100 };
  await replica.stop();
  const first = newReplica(spec, lease, frozen);
  const userId = uuidv7();
  first.relay.start();
  await waitFor(() => first.relay.holds(0) && first.relay.holds(63));
  await spec.db.transaction((tx) => people.save(tx, first.outbox, userId));
  await waitFor(() => frozen.isHeld);

  replica = newReplica(spec, lease);
  replica.relay.start();
  await announced(userId);
  await untilSent();
  frozen.held.resolve();
  await waitFor(async () => (await lastRecords(spec)).get(userId)?.version === 1, {
    what: 'the late record',
  });
  await first.stop();

  expect(await compare()).toMatchObject({ republished: 1 });
  await untilSent();
  expect((await lastRecords(spec)).get(userId)?.version).toBe(2);
});

it('plans passes that fit into memory', () => {
  const extent = (partition: number, records: number) => ({ partition, low: 5n, high: 5n + BigInt(records) });
  const scopes = planScopes([extent(0, 4), extent(1, 5), extent(2, 2), extent(3, 25), extent(4, 0)], 10);
  expect(scopes.map(({ partitions, share, shares }) => [partitions, share, shares])).toEqual([
    [[0, 1], 0, 1],
    [[3], 0, 3],
    [[3], 1, 3],
    [[3], 2, 3],
    [[2, 4], 0, 1],
  ]);
});
