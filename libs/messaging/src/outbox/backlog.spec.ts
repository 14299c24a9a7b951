import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execute, many, one, type Tx } from '@nest-arch/database';
import { testDatabase, type TestDatabase } from '@nest-arch/testing';
import { messagingMigrations } from '../migrations/index.js';
import { deleteRows, readPending } from './outbox.queries.js';

const waiting = 5_000;
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase({ migrations: messagingMigrations });
  const { db } = database;
  await execute(db, `alter table outbox set (autovacuum_enabled = false)`);
  // What Postgres last saw of the outbox: rows that came and went.
  await insert(200);
  await execute(db, `delete from outbox`);
  await execute(db, `vacuum analyze outbox`);
  await insert(waiting);
});
afterAll(() => database.drop());

function insert(rows: number): Promise<number> {
  return execute(
    database.db,
    `insert into outbox (bucket, id, topic, key, type, payload, headers)
     select i % 64, gen_random_uuid(), 't', 'k' || i, 'some.type.v1', repeat('x', 200), '{}' from generate_series(1, $1) i`,
    [rows],
  );
}

/** How many rows of the outbox this transaction has looked at. */
async function looked(tx: Tx): Promise<number> {
  const { rows } = await one<{ rows: number }>(
    tx,
    `select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'outbox'`,
  );
  return rows;
}

it('deletes a batch of a large backlog without looking at the rest, though Postgres believes the outbox empty', async () => {
  const { db } = database;
  const [statistics] = await many<{ rows: number }>(
    db,
    `select reltuples::int as rows from pg_class where relname = 'outbox'`,
  );
  expect(statistics?.rows).toBe(0);
  const buckets = Array.from({ length: 64 }, (_, bucket) => bucket);
  await db.transaction(async (tx) => {
    const batch = await readPending(tx, { buckets, perBucket: 2, blocked: [] });
    expect(batch).toHaveLength(128);
    const read = await looked(tx);
    expect(await deleteRows(tx, batch)).toBe(128);
    expect((await looked(tx)) - read).toBeLessThan(3 * 128);
  });
  expect(await one(db, `select count(*)::int as n from outbox`)).toEqual({ n: waiting - 128 });
});
