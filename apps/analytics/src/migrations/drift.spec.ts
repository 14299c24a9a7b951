import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { assertNoDrift } from '@nest-arch/database';
import { testDatabase, type TestDatabase } from '@nest-arch/testing';
import { entities } from '../entities.js';
import { migrations } from './index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ entities, migrations });
});
afterAll(() => database.drop());

it('has the tables that the entities and the committed catalogue describe', async () => {
  const catalogue = new URL('./catalogue.txt', import.meta.url);
  await expect(assertNoDrift(database.db, { catalogue })).resolves.toBeUndefined();
});
