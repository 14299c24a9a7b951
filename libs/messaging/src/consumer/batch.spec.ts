import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { execute, many, one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf } from '../../test/event-server.js';
import { migratePeople, People, startProjection } from '../../test/projection.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import { DeadLetters } from '../dead-letters/index.js';
import { markErased } from '../inbox/erased-users.js';
import { toWire } from '../outbox/wire-row.js';
import type { WireRecord } from '../wire/wire-record.js';
import { PermanentError } from './event-context.js';
import { DeadlineExceededError } from './failures.js';

const read = [topics.userState, topics.userEvents];
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let people: People;
let server: Awaited<ReturnType<typeof startProjection>>;
let letters: DeadLetters;

beforeAll(async () => {
  spec = await messagingSpec({ topics: read, groups: { 'spec.people': read } });
  await migratePeople(spec.db);
  publisher = newPublisher(spec);
  letters = new DeadLetters({ brokers: spec.brokers, topicPrefix: spec.prefix });
  people = new People();
  server = await startProjection(spec, people, { deadlineMs: 2_500 });
});
afterAll(async () => {
  await server.close();
  await Promise.all([publisher.close(), letters.disconnect()]);
  await spec.drop();
});
afterEach(() => {
  people.before = () => {};
});

function state(key: string, version: number, data: object | null = {}): WireRecord {
  const whole = { ...userStateV1.fixture, userId: key, version, email: `${version}@example.com`, ...data };
  return {
    ...toWire({
      id: randomUUID(),
      topic: userStateV1.topic.name,
      key,
      type: userStateV1.type,
      version,
      payload: data === null ? null : JSON.stringify(whole),
      headers: { ce_source: '/spec' },
      createdAt: new Date(),
    }),
    partition: 0,
  };
}

function event(key: string, id: number | string): WireRecord {
  return {
    ...toWire({
      id: String(id),
      topic: userRegisteredV1.topic.name,
      key,
      type: userRegisteredV1.type,
      version: 1,
      payload: JSON.stringify(userRegisteredV1.fixture),
      headers: { ce_source: '/spec' },
      createdAt: new Date(),
    }),
    partition: 2,
  };
}

/** Holds the partition's worker at a record of its own, so that what is sent meanwhile comes as one batch. */
async function together(
  records: WireRecord[],
  holding: (key: string, version: number) => WireRecord = state,
): Promise<void> {
  const [first, letGo] = [randomUUID(), Promise.withResolvers<void>()];
  const held = Promise.withResolvers<void>();
  const { before } = people;
  people.before = async (batch, keys) => {
    if (!keys.includes(first)) return before(batch, keys);
    held.resolve();
    await letGo.promise;
  };
  await publisher.send([holding(first, 1)]);
  await held.promise;
  await publisher.send(records);
  // Fetched, but not begun.
  await new Promise((resolve) => setTimeout(resolve, 400));
  letGo.resolve();
  await settled();
}

const settled = () =>
  waitFor(
    async () =>
      (await lagOf(spec, 'spec.people', topics.userState.name)) === 0 &&
      (await lagOf(spec, 'spec.people', topics.userEvents.name)) === 0,
    { what: 'everything to be committed' },
  );

const stored = (keys: string[]) =>
  many<{ key: string; version: number }>(
    spec.db,
    `select user_id as key, version from people where user_id = any($1::uuid[]) order by user_id`,
    [keys],
  );

it('takes many records in one transaction and keeps the newest of each key', async () => {
  const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()].sort() as [string, string, string];
  people.batches.length = 0;
  await together([
    state(a, 1),
    state(b, 5),
    state(a, 3),
    state(b, 4),
    state(c, 1),
    state(a, 2),
    state(c, 2, null),
  ]);
  expect(await stored([a, b, c])).toEqual([
    { key: a, version: 3 },
    { key: b, version: 5 },
  ]);
  expect(people.batches.filter(({ keys }) => keys.includes(a))).toEqual([{ live: true, keys: [a, b, c] }]);
});

it('makes what breaks the contract a dead letter, and what fails for itself, and does the rest', async () => {
  const keys = Array.from({ length: 9 }, () => randomUUID()).sort();
  const [broken, refused, buggy] = [keys[2], keys[5], keys[7]] as [string, string, string];
  people.before = (_, batch) => {
    if (batch.includes(refused)) throw new PermanentError('no such plan');
    if (batch.includes(buggy)) throw new TypeError('undefined is not a function');
  };
  await together(keys.map((key) => state(key, 1, key === broken ? { email: 7 } : {})));
  const rest = keys.filter((key) => ![broken, refused, buggy].includes(key));
  expect((await stored(keys)).map(({ key }) => key)).toEqual(rest);
  const open = await letters.list('spec.people', [topics.userState.name]);
  const reasons = Object.fromEntries(open.map(({ key, reason, attempts }) => [key, [reason, attempts]]));
  expect(reasons).toEqual({
    [broken]: ['schema_mismatch', 1],
    [refused]: ['permanent', 1],
    [buggy]: ['unknown', 5],
  });
});

it('waits while trouble lasts, and does each record once', async () => {
  const keys = Array.from({ length: 5 }, () => randomUUID());
  let tries = 0;
  people.before = async ({ tx }, batch) => {
    if (!batch.includes(keys[0] as string)) return;
    tries += 1;
    if (tries === 1) await one(tx, `select pg_terminate_backend(pg_backend_pid())`);
    if (tries < 8) throw Object.assign(new Error('unavailable'), { status: 503 });
  };
  await together(keys.map((key) => state(key, 1)));
  expect(tries).toBe(8);
  expect(await stored(keys)).toHaveLength(5);
});

it('gives an event to the handler once, however often it comes, in a batch or over two', async () => {
  const key = randomUUID();
  const [first, second] = [randomUUID(), randomUUID()];
  await together(
    [first, first, second, first].map((id) => event(key, id)),
    event,
  );
  await publisher.send([{ ...event(key, first), partition: 4 }, event(key, second)]);
  await settled();
  const arrived = await many<{ id: string }>(
    spec.db,
    `select event_id as id from arrivals where user_id = $1 order by seq`,
    [key],
  );
  expect(arrived.map(({ id }) => id)).toEqual([first, second]);
});

it('passes by the records of erased people, except those that end their state', async () => {
  const [erased, gone, other] = [randomUUID(), randomUUID(), randomUUID()];
  await together([state(gone, 1)]);
  await spec.db.transaction(async (tx) => {
    await markErased(tx, erased);
    await markErased(tx, gone);
  });
  await together([state(erased, 1), state(gone, 2, null), state(other, 1)]);
  expect(await stored([erased, gone, other])).toEqual([{ key: other, version: 1 }]);
});

it('lets an erasure wait for the batch that runs, and the next batch for the erasure', async () => {
  const key = randomUUID();
  const order: string[] = [];
  const inside = Promise.withResolvers<void>();
  const erasing = Promise.withResolvers<void>();
  people.before = async (_, keys) => {
    if (!keys.includes(key)) return;
    inside.resolve();
    await erasing.promise;
    order.push('batch');
  };
  await publisher.send([state(key, 1)]);
  await inside.promise;
  const erasure = spec.db.transaction(async (tx) => {
    await one(tx, `select messaging_user_gate($1, true)`, [key]);
    order.push('erasure');
    await markErased(tx, key);
    await execute(tx, `delete from people where user_id = $1`, [key]);
  });
  await waitFor(
    async () =>
      (await many(spec.db, `select 1 from pg_locks where locktype = 'advisory' and not granted`)).length > 0,
  );
  erasing.resolve();
  await erasure;
  await publisher.send([state(key, 2)]);
  await settled();
  expect(order).toEqual(['batch', 'erasure']);
  expect(await stored([key])).toEqual([]);
});

it('halves a batch that is more than fits its time', async () => {
  const keys: string[] = Array.from({ length: 4 }, () => randomUUID());
  people.before = async (_, batch) => {
    if (batch.filter((key) => keys.includes(key)).length > 1)
      throw new DeadlineExceededError('Not finished in time');
  };
  await together(keys.map((key) => state(key, 1)));
  await waitFor(async () => {
    const found = await many(spec.db, `select 1 from people where user_id = any ($1)`, [keys]);
    return found.length === keys.length;
  });
});
