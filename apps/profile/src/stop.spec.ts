import { expect, it } from '@jest/globals';
import { one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { startHarness } from './testing/harness.js';

it('a stop sends what is announced and gives the leases of the outbox back: the next process need not wait', async () => {
  const service = await startHarness();
  const { app } = await service.startApp();
  const leased = () =>
    one<{ count: number }>(
      service.db,
      `select count(*)::int as count from outbox_leases where holder is not null`,
    );
  await waitFor(async () => (await leased()).count > 0);
  await service.caughtUp(await service.announce());

  await app.close();

  expect(await leased()).toEqual({ count: 0 });
  expect(await one(service.db, `select count(*)::int as count from outbox`)).toEqual({ count: 0 });
  await service.stop();
});
