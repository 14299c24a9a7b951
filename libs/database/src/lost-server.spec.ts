import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openDatabase } from './connect.js';
import type { Db } from './db.js';
import { CommitUnknownError, isTransient } from './errors.js';
import { execute, many, one } from './sql.js';
import { createDatabase, dropDatabase, openProxy } from './test-database.js';

// Long enough that one silence and two can be told apart on a busy machine.
const silenceMs = 1_500;

let direct: string;
let proxy: Awaited<ReturnType<typeof openProxy>>;
let db: Db;

beforeEach(async () => {
  direct = await createDatabase();
  proxy = await openProxy(direct);
  db = await openDatabase({ url: proxy.url, poolSize: 1, answerTimeoutMs: silenceMs });
  await execute(db, 'create table notes (body text not null)');
});

afterEach(async () => {
  await db.close();
  await proxy.close();
  await dropDatabase(direct);
});

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

it('a connection that is reset under a statement fails that statement alone', async () => {
  const work = failureOf(execute(db, 'select pg_sleep(1)'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  proxy.reset();

  expect(isTransient(await work)).toBe(true);
  expect(await one(db, 'select 2 as two')).toEqual({ two: 2 });
});

it('a server that falls silent costs one statement and one connection, not the pool', async () => {
  proxy.silence();

  expect(isTransient(await failureOf(many(db, 'select 1')))).toBe(true);

  expect(await one(db, 'select 2 as two')).toEqual({ two: 2 });
});

it('a transaction ends at the first silence, without waiting for its rollback too', async () => {
  const started = Date.now();
  const work = db.transaction(async (tx) => {
    await execute(tx, `insert into notes values ('a')`);
    proxy.silence();
    await execute(tx, `insert into notes values ('b')`);
  });

  expect(isTransient(await failureOf(work))).toBe(true);
  expect(Date.now() - started).toBeLessThan(2 * silenceMs);
  expect(await many(db, 'select body from notes')).toEqual([]);
});

it('a transaction that swallows the silence is not committed', async () => {
  const work = db.transaction(async (tx) => {
    proxy.silence();
    await failureOf(execute(tx, `insert into notes values ('a')`));
  });

  expect(await failureOf(work)).toMatchObject({ message: 'Query read timeout' });
});

it('silence after COMMIT is an unknown outcome', async () => {
  const work = db.transaction(async (tx) => {
    await execute(tx, `insert into notes values ('a')`);
    proxy.silence();
  });

  expect(await failureOf(work)).toBeInstanceOf(CommitUnknownError);
});
