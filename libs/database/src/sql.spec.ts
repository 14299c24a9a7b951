import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Db } from './db.js';
import { RowCountError, violatedConstraint } from './errors.js';
import { execute, many, maybeOne, one } from './sql.js';
import { openTestDatabase } from './test-database.js';

let db: Db;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ db, drop } = await openTestDatabase({ poolSize: 1 }));
  await execute(
    db,
    'create table tokens (id int primary key, spent boolean not null default false, note text)',
  );
});

beforeEach(() => execute(db, 'truncate tokens'));

afterAll(() => drop());

const insert = (id: number) => execute(db, 'insert into tokens (id) values ($1)', [id]);

describe('rows', () => {
  it('answers all, the only one or none', async () => {
    await insert(1);
    await insert(2);

    expect(await many(db, 'select id from tokens order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await maybeOne(db, 'select id from tokens where id = $1', [2])).toEqual({ id: 2 });
    expect(await maybeOne(db, 'select id from tokens where id = $1', [3])).toBeNull();
    expect(await one(db, 'select count(*)::int as count from tokens')).toEqual({ count: 2 });
    expect(await execute(db, 'update tokens set spent = true')).toBe(2);
  });

  it('refuses more rows than asked for, and none where one must be', async () => {
    await insert(1);
    await insert(2);

    await expect(maybeOne(db, 'select id from tokens')).rejects.toThrow(RowCountError);
    await expect(one(db, 'select id from tokens')).rejects.toThrow(
      'Expected exactly one row, got 2: select id',
    );
    await expect(one(db, 'select id from tokens where id = 9')).rejects.toMatchObject({ actual: 0 });
  });

  it('takes an update that matched nothing for nothing, where TypeORM answers something that is true', async () => {
    const spend = 'update tokens set spent = true where id = $1 and not spent returning id';

    const [fromTypeOrm] = await db.dataSource.query<unknown[]>(spend, [404]);

    expect(fromTypeOrm).toBeTruthy();
    expect(await maybeOne(db, spend, [404])).toBeNull();
  });

  it('parses jsonb and times, and leaves bigint a string unless it is cast', async () => {
    const row = await one(
      db,
      `select '{"a":1}'::jsonb as json, timestamptz '2026-01-02T03:04:05Z' as time, 5::bigint as big, 5::bigint::int as int`,
    );
    expect(row).toEqual({ json: { a: 1 }, time: new Date('2026-01-02T03:04:05Z'), big: '5', int: 5 });
  });
});

describe('errors of the server', () => {
  it('name the violated constraint and cost no connection', async () => {
    await insert(1);
    const before = await backendPid();

    const error = await insert(1).catch((caught: unknown) => caught);

    expect(violatedConstraint(error)).toBe('tokens_pkey');
    expect(await backendPid()).toBe(before);
  });

  it('replace a connection that was killed while idle', async () => {
    const before = await backendPid();
    const other = await openTestDatabase();
    await execute(other.db, 'select pg_terminate_backend($1)', [before]);
    await other.drop();

    // The first statement may meet the dead connection before its end has arrived here.
    await backendPid().catch(() => undefined);
    expect(await backendPid()).not.toBe(before);
  });

  it('replace a connection that was killed under a running statement', async () => {
    const before = await backendPid();

    await expect(execute(db, 'select pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({
      code: '57P01',
    });

    expect(await backendPid()).not.toBe(before);
  });
});

describe('prepared statements', () => {
  const planned = () =>
    db.dataSource.query<{ statement: string; uses: number }[]>(
      'select statement, (generic_plans + custom_plans)::int as uses from pg_prepared_statements',
    );

  it('are parsed once per connection and used again', async () => {
    const text = 'select id from tokens where id = $1';
    for (let id = 0; id < 4; id++) await maybeOne(db, text, [id]);

    expect(await planned()).toContainEqual({ statement: text, uses: 4 });
  });

  it('are not made when switched off', async () => {
    const plain = await openTestDatabase({ poolSize: 1, preparedStatements: false });
    await many(plain.db, 'select 1');
    expect(await plain.db.dataSource.query('select name from pg_prepared_statements')).toEqual([]);
    await plain.drop();
  });

  it('survive a migration that changes the type of their result', async () => {
    await insert(1);
    const text = 'select * from tokens';
    await many(db, text);
    await execute(db, 'alter table tokens add column added int');

    expect(await many(db, text)).toEqual([{ id: 1, spent: false, note: null, added: null }]);
    expect(await many(db, text)).toHaveLength(1);
  });

  it('survive a pooler that forgets them', async () => {
    await many(db, 'select 7 as seven');
    await execute(db, 'deallocate all');
    expect(await many(db, 'select 7 as seven')).toEqual([{ seven: 7 }]);
  });

  it('stay below a bound, however many texts there are', async () => {
    for (let i = 0; i < 600; i++) await many(db, `select ${i}`);
    expect((await planned()).length).toBeLessThanOrEqual(500);
  });
});

async function backendPid(): Promise<number> {
  return (await one<{ pid: number }>(db, 'select pg_backend_pid() as pid')).pid;
}
