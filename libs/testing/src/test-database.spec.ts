import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execute, many, one } from '@nest-arch/database';
import { type TestDatabase, testDatabase } from './test-database.js';

let first: TestDatabase;
let second: TestDatabase;

beforeAll(async () => {
  [first, second] = await Promise.all([testDatabase(), testDatabase()]);
});
afterAll(() => Promise.all([first.drop(), second.drop()]));

it('gives every spec file a database of its own', async () => {
  const name = async ({ db }: TestDatabase) =>
    (await one<{ name: string }>(db, 'select current_database() as name')).name;

  expect(await name(first)).not.toBe(await name(second));
});

it('runs on an engine that finds letters of every script', async () => {
  await execute(first.db, 'create extension pg_trgm');

  expect(
    await many(first.db, `select show_trgm('Иванов') <> '{}' as found, 'ИВАНОВ' ilike 'иванов' as folded`),
  ).toEqual([{ found: true, folded: true }]);
});
