import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { execute, many, one, uuidv7 } from '@nest-arch/database';
import { race, testDatabase, type TestDatabase } from '@nest-arch/testing';
import { messagingMigrations } from '../migrations/index.js';
import { InboxPartitions } from './inbox-partitions.js';
import { inboxId, uuidTime } from './inbox-id.js';
import { recordArrival } from './inbox.queries.js';

const day = 86_400_000;
let database: TestDatabase;
let partitions: InboxPartitions;

beforeAll(async () => {
  database = await testDatabase({ migrations: messagingMigrations });
});
beforeEach(() => {
  partitions = new InboxPartitions(database.db);
});
afterAll(() => database.drop());

const idAt = (ms: number) => uuidv7({ msecs: ms });

async function arrive(inboxId: string): Promise<boolean> {
  await partitions.ensureFor(inboxId);
  const arrival = { group: 'spec', inboxId, userId: null, erasing: false };
  return (await database.db.transaction((tx) => recordArrival(tx, arrival))) !== null;
}

function thisWeek(): string {
  const monday = new Date();
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
  return `inbox_${monday.toISOString().slice(0, 10).replaceAll('-', '_')}`;
}

async function names(): Promise<string[]> {
  const rows = await many<{ name: string }>(
    database.db,
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'inbox'::regclass order by 1`,
  );
  return rows.map(({ name }) => name);
}

it('lets an event in once, whenever it was made and whatever its id', async () => {
  const now = Date.now();
  const ids = [idAt(now), idAt(now - 400 * day), idAt(now + 400 * day), randomUUID(), 'order/4711'];
  for (const id of ids.map((each) => inboxId('/spec', each))) {
    const arrivals = await race(6, () => arrive(id));
    expect(arrivals.filter((each) => each.status === 'fulfilled' && each.value)).toHaveLength(1);
    expect(await arrive(id)).toBe(false);
  }
});

it('tells equal ids of two sources apart, and the groups of one event', async () => {
  expect(inboxId('/a', '4711')).not.toBe(inboxId('/b', '4711'));
  const id = idAt(Date.now());
  expect(await arrive(id)).toBe(true);
  const other = { group: 'other', inboxId: id, userId: null, erasing: false };
  expect(await database.db.transaction((tx) => recordArrival(tx, other))).not.toBeNull();
});

it('reads the time of a UUIDv7 alone', () => {
  const ms = Date.UTC(2026, 10, 23);
  expect(uuidTime(idAt(ms))).toBe(ms);
  expect([uuidTime(randomUUID()), uuidTime('order/4711'), uuidTime(idAt(1_000))]).toEqual([null, null, null]);
});

it('makes partitions ahead of need and drops those whose rows were all received long ago', async () => {
  const now = Date.UTC(2026, 10, 23, 12);
  await partitions.keepUp(now);
  expect(await names()).toEqual(
    expect.arrayContaining(['inbox_2026_11_23', 'inbox_2026_11_30', 'inbox_2026_12_07', 'inbox_foreign']),
  );

  const [late, old] = [idAt(Date.UTC(2025, 0, 8)), idAt(Date.UTC(2025, 0, 15))];
  await arrive(late);
  await arrive(old);
  await execute(
    database.db,
    `update inbox set received_at = now() - interval '46 days' where event_id = $1`,
    [old],
  );
  await partitions.keepUp(now);
  const left = await names();
  expect(left).not.toContain('inbox_2025_01_13');
  // An old event that arrived yesterday (a replay) is still remembered.
  expect(left).toContain('inbox_2025_01_06');
  expect(await arrive(late)).toBe(false);
});

it('lets its upkeep finish when it stops', async () => {
  await execute(database.db, `drop table if exists ${thisWeek()}`);
  let stopped = false;
  let stopping: Promise<void> | undefined;
  await database.db.transaction(async (tx) => {
    // The upkeep waits for this lock, as it may for another replica's.
    await one(tx, `select pg_advisory_xact_lock(hashtextextended('messaging:inbox', 0))`);
    partitions.start();
    stopping = partitions.stop().then(() => void (stopped = true));
    await one(tx, `select 1 as answered`);
    expect(stopped).toBe(false);
  });
  await stopping;
  expect(await names()).toContain(thisWeek());
});

it('makes a partition again that another replica has dropped', async () => {
  const id = idAt(Date.UTC(2024, 5, 12));
  await arrive(id);
  const { name } = await one<{ name: string }>(
    database.db,
    `select tableoid::regclass::text as name from inbox where event_id = $1`,
    [id],
  );
  await execute(database.db, `drop table ${name}`);
  await expect(arrive(id)).rejects.toThrow('no partition');
  partitions.forget();
  expect(await arrive(id)).toBe(true);
});
