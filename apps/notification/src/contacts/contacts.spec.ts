import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { profileStateV1, userStateV1 } from '@nest-arch/contracts';
import { many, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { startHarness, type Harness } from '../testing/harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
  await harness.start();
});
afterAll(() => harness.stop());

function account(userId: string, version: number, email: string) {
  const state = { ...userStateV1.fixture, userId, version, email };
  return harness.events.send(userStateV1, state, { key: userId, version });
}

function profile(userId: string, version: number, displayName: string) {
  const state = { ...profileStateV1.fixture, userId, version, displayName };
  return harness.events.send(profileStateV1, state, { key: userId, version });
}

const contactsOf = (userIds: string[]) =>
  many<{ email: string; name: string }>(
    harness.db,
    `select email, display_name as name from contacts
      where user_id = any ($1::uuid[]) and email is not null and display_name is not null`,
    [userIds],
  );

it('keeps the newest address and name, whatever older state comes behind', async () => {
  const userId = uuidv7();
  const announce = async (version: number) => {
    await account(userId, version, `v${version}@example.com`);
    await profile(userId, version, `Name ${version}`);
  };
  await announce(3);
  // In a batch of its own: of several states in one batch only the newest is looked at.
  await waitFor(async () => (await contactsOf([userId])).length === 1);
  await announce(2);
  await announce(1);
  // Behind them on every partition of both topics, so that the late ones have been read.
  const others = Array.from({ length: 12 }, () => uuidv7());
  for (const other of others) {
    await account(other, 1, 'other@example.com');
    await profile(other, 1, 'Other');
  }
  await waitFor(async () => (await contactsOf(others)).length === others.length);
  expect(await contactsOf([userId])).toEqual([{ email: 'v3@example.com', name: 'Name 3' }]);
});
