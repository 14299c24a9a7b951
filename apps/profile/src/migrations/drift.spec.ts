import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { assertNoDrift } from '@nest-arch/database';
import { testDatabase, type TestDatabase } from '@nest-arch/testing';
import { Profile } from '../profiles/profile.entity.js';
import { migrations } from './index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ entities: [Profile], migrations });
});
afterAll(() => database.drop());

it('has the tables that the entity and the committed catalogue describe', async () => {
  const catalogue = new URL('./catalogue.txt', import.meta.url);
  await expect(assertNoDrift(database.db, { catalogue })).resolves.toBeUndefined();
});
