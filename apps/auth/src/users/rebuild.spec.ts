import { expect, it } from '@jest/globals';
import { insertUsers, startCopies } from '../testing/copies.js';

it('a new consumer has everybody after reading the state topic, equal to the source', async () => {
  const copies = await startCopies();
  try {
    await insertUsers(copies.db, 2_000);
    await copies.announce();
    await copies.consume(2_000);
    const [source, copy] = await copies.fingerprints();
    expect(copy).toEqual(source);
    expect(copy?.count).toBe(2_000);
  } finally {
    await copies.stop();
  }
});
