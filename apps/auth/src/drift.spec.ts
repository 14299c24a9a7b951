import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { assertNoDrift } from '@nest-arch/database';
import { type TestDatabase, testDatabase } from '@nest-arch/testing';
import { entities } from './entities.js';
import { migrations } from './migrations/index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations, entities });
});
afterAll(() => database.drop());

it('has the tables that the entities and the committed catalogue describe', async () => {
  await expect(
    assertNoDrift(database.db, { catalogue: new URL('./migrations/catalogue.txt', import.meta.url) }),
  ).resolves.toBeUndefined();
});
