import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { profileStateV1, userEmailVerifiedV1, userStateV1 } from '@nest-arch/contracts';
import { catalogueOf, execute, many, one, uuidv7 } from '@nest-arch/database';
import { runAppCommand } from '@nest-arch/messaging';
import { waitFor } from '@nest-arch/testing';
import { AppModule } from '../app.module.js';
import { readConfig } from '../config.js';
import { countRows, delivery, deliveriesOf, startHarness, type Harness } from '../testing/harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
  await harness.start();
});
afterAll(() => harness.stop());

const replay = (projection: string) =>
  runAppCommand(AppModule.forRoot(readConfig(harness.env), { relay: false, background: false }), [
    'replay',
    '--projection',
    projection,
    '--from',
    'beginning',
  ]);

function account(userId: string, version: number) {
  const state = { ...userStateV1.fixture, userId, version, email: `${userId}@example.com` };
  return harness.events.send(userStateV1, state, { key: userId, version });
}

const contacts = () =>
  many<object>(
    harness.db,
    `select user_id, email, display_name, auth_version from contacts order by user_id`,
  );

const generation = async () =>
  (await one<{ generation: number }>(harness.db, `select generation from projections`)).generation;

const catalogue = (schema: string) =>
  harness.db.transaction(async (tx) => {
    await execute(tx, `set local search_path to ${schema}`);
    return catalogueOf(tx, ['contacts']);
  });

it('builds the contacts again as they were, in tables as the migrations made them', async () => {
  const people = Array.from({ length: 30 }, () => uuidv7());
  for (const userId of people) {
    await account(userId, 2);
    const state = { ...profileStateV1.fixture, userId, version: 1, displayName: `Name of ${userId}` };
    await harness.events.send(profileStateV1, state, { key: userId, version: 1 });
  }
  const complete = `select count(*)::int as count from contacts where email is not null and display_name is not null`;
  await waitFor(async () => (await one<{ count: number }>(harness.db, complete)).count === people.length);
  const [rows, made] = [await contacts(), await catalogue('contacts_1')];
  expect(await replay('notification.contacts')).toBe(0);
  expect(await generation()).toBe(2);
  expect(await contacts()).toEqual(rows);
  expect(await catalogue('contacts_2')).toBe(made);
});

it('does nothing outside its tables while it builds, and lets go at the switch what waited', async () => {
  const [waiting, gone] = [uuidv7(), uuidv7()];
  await account(waiting, 2);
  await account(gone, 1);
  await harness.events.send(userStateV1, null, { key: gone, version: 2 });
  await waitFor(async () => (await countRows(harness.db, 'contacts', waiting)) === 1);
  await waitFor(async () => (await countRows(harness.db, 'contacts', gone)) === 0);
  await execute(
    harness.db,
    `insert into messages (user_id, message_id, type, cause_id) values ($1, $2, 'account.welcome', 'spec')`,
    [gone, uuidv7()],
  );
  // Waits for a state that has not come; then the contact is as new as if the state had come while nobody looked.
  const verified = {
    userId: waiting,
    version: 9,
    source: 'self' as const,
    verifiedAt: new Date().toISOString(),
  };
  await harness.events.send(userEmailVerifiedV1, verified, { key: waiting });
  await delivery(harness.db, waiting, 'awaiting_contact');
  await execute(harness.db, `update deliveries set contact_version = 2 where user_id = $1`, [waiting]);

  const before = await generation();
  expect(await replay('notification.contacts')).toBe(0);
  expect(await generation()).toBe(before + 1);
  await waitFor(async () => (await deliveriesOf(harness.db, waiting))[0]?.state === 'sent');
  expect(await countRows(harness.db, 'messages', gone)).toBe(1);
});

it('is refused for what is not declared, because its effects would happen again', async () => {
  const before = await generation();
  expect(await replay('notification.mail')).toBe(1);
  expect(await replay('notification')).toBe(1);
  expect(await generation()).toBe(before);
});

it('after it the projection is fed by its new group', async () => {
  const userId = uuidv7();
  await account(userId, 1);
  await waitFor(async () => (await countRows(harness.db, 'contacts', userId)) === 1);
});

it('leaves the release before its way of writing, through the view', async () => {
  const userId = uuidv7();
  const write = (version: number) =>
    execute(
      harness.db,
      `insert into contacts as c (user_id, display_name, profile_locale, profile_version) values ($1, $2, $3, $4)
       on conflict (user_id) do update
          set display_name = excluded.display_name, profile_locale = excluded.profile_locale,
              profile_version = excluded.profile_version, updated_at = now()
        where excluded.profile_version > c.profile_version`,
      [userId, `Name ${version}`, 'en', version],
    );
  expect([await write(2), await write(3), await write(1)]).toEqual([1, 1, 0]);
  const rows = await many<{ name: string; verified: boolean }>(
    harness.db,
    `select display_name as name, email_verified as verified from contacts where user_id = $1`,
    [userId],
  );
  expect(rows).toEqual([{ name: 'Name 3', verified: false }]);
});
