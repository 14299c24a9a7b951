import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  challengeIssuedV1,
  notificationErasedV1,
  profileStateV1,
  topics,
  userEmailVerifiedV1,
  userErasureDueV1,
  userErasuresV1,
  userRegisteredV1,
  userStateV1,
} from '@nest-arch/contracts';
import { many, uuidv7 } from '@nest-arch/database';
import { BroadcastConsumer } from '@nest-arch/messaging/broadcast';
import { waitFor } from '@nest-arch/testing';
import {
  challengeFor,
  countRows,
  deliveriesOf,
  startHarness,
  type Harness,
  type Instance,
} from '../testing/harness.js';

let harness: Harness;
let instance: Instance;
let listener: BroadcastConsumer;
const announced = new Map<string, { erasureId: string }>();

beforeAll(async () => {
  harness = await startHarness();
  instance = await harness.start();
  listener = new BroadcastConsumer({
    brokers: harness.env.KAFKA_BROKERS.split(','),
    app: 'spec',
    topicPrefix: harness.env.KAFKA_TOPIC_PREFIX,
    topics: [topics.deliveryEvents.name],
    from: 'beginning',
    onRecord: ({ type, key, data }) => {
      if (type === notificationErasedV1.type) announced.set(key, notificationErasedV1.schema.parse(data));
    },
  });
  listener.start();
});

afterAll(async () => {
  await listener.close();
  await harness.stop();
});

const tables = ['contacts', 'messages', 'deliveries', 'inbox_items', 'inbox_counters', 'inbox_read_alls'];
const rowsOf = async (userId: string) => {
  const counts = await Promise.all(tables.map((table) => countRows(harness.db, table, userId)));
  return counts.reduce((sum, count) => sum + count, 0);
};

const now = () => new Date().toISOString();
const stateOf = (userId: string, version: number) => ({
  ...userStateV1.fixture,
  userId,
  version,
  email: `ada.${userId}@example.com`,
});

const given = {
  registered: (userId: string, source: 'self' | 'import' = 'self') =>
    harness.events.send(
      userRegisteredV1,
      { userId, version: 1, source, registeredAt: now() },
      { key: userId, version: 1 },
    ),
  state: (userId: string, version: number) =>
    harness.events.send(userStateV1, stateOf(userId, version), { key: userId, version }),
  profile: (userId: string, version: number, displayName: string | null) =>
    harness.events.send(
      profileStateV1,
      { ...profileStateV1.fixture, userId, version, displayName },
      { key: userId, version },
    ),
  /** A person of whom every table has something. */
  async known(): Promise<string> {
    const userId = uuidv7();
    await given.registered(userId);
    await given.state(userId, 2);
    const jwe = await harness.issuer.seal({ recipient: `ada.${userId}@example.com`, token: 't' });
    await harness.events.send(challengeIssuedV1, challengeFor(userId, { jwe }), { key: userId });
    await waitFor(async () => (await rowsOf(userId)) >= 6 - 1);
    await instance.http.as(await harness.issuer.tokenOf(userId)).post('/v1/notifications/read-all');
    return userId;
  },
};

/** Everything sent before has been handled when this person's contact is there: same topic, same partition or not. */
async function settled(): Promise<void> {
  for (let person = 0; person < 4; person += 1) {
    const userId = uuidv7();
    await given.state(userId, 1);
    await given.registered(userId);
    await waitFor(async () => (await rowsOf(userId)) === 4);
  }
}

describe('the welcome in the inbox', () => {
  it('needs nothing but the registration, and comes once', async () => {
    const userId = uuidv7();
    const http = instance.http.as(await harness.issuer.tokenOf(userId));
    const id = await given.registered(userId);
    await harness.events.send(
      userRegisteredV1,
      { userId, version: 1, source: 'self', registeredAt: now() },
      { key: userId, id },
    );
    await waitFor(async () => (await http.get('/v1/notifications')).body.items.length > 0);
    await settled();
    const { body } = await http.get('/v1/notifications');
    expect(body).toMatchObject({
      lastSequence: 1,
      items: [{ type: 'account.welcome', title: 'Welcome to Example!' }],
    });
  });

  it('is not for people who were imported', async () => {
    const userId = uuidv7();
    await given.registered(userId, 'import');
    await settled();
    expect(await rowsOf(userId)).toBe(0);
  });
});

describe('the contact', () => {
  const contactOf = async (userId: string) => {
    const rows = await many<{ name: string | null; email: string | null }>(
      harness.db,
      `select coalesce(display_name, initial_name) as name, email from contacts where user_id = $1`,
      [userId],
    );
    return rows[0];
  };

  it('never goes back to an older state', async () => {
    const userId = uuidv7();
    await given.state(userId, 5);
    await given.profile(userId, 7, 'Countess Lovelace');
    await waitFor(async () => (await contactOf(userId))?.name === 'Countess Lovelace');
    await harness.events.send(
      userStateV1,
      { ...stateOf(userId, 4), email: 'old@example.com' },
      { key: userId, version: 4 },
    );
    await given.profile(userId, 6, 'Miss Byron');
    await settled();
    expect(await contactOf(userId)).toEqual({
      name: 'Countess Lovelace',
      email: `ada.${userId}@example.com`,
    });
  });

  it('loses the half whose owner has none any more', async () => {
    const userId = uuidv7();
    await given.profile(userId, 1, 'Ada');
    await waitFor(async () => (await contactOf(userId))?.name === 'Ada');
    await harness.events.send(profileStateV1, null, { key: userId, version: 2 });
    await waitFor(async () => (await contactOf(userId))?.name === null);
  });
});

describe('erasure', () => {
  const due = (userId: string) =>
    harness.events.send(
      userErasureDueV1,
      { userId, version: 9, erasureId: 'er_0123456789abcdef', at: now() },
      { key: userId, version: 9 },
    );

  it('when due leaves nothing, and lets nothing of the person back in', async () => {
    const userId = await given.known();
    await due(userId);
    await waitFor(async () => (await rowsOf(userId)) === 0);
    await waitFor(() => announced.get(userId)?.erasureId === 'er_0123456789abcdef');

    await given.registered(userId);
    await given.state(userId, 3);
    await given.profile(userId, 3, 'Ada');
    await harness.events.send(
      userEmailVerifiedV1,
      { userId, version: 2, source: 'self', verifiedAt: now() },
      { key: userId },
    );
    await settled();
    expect(await rowsOf(userId)).toBe(0);
  });

  it('is done once more for people on the list, who came back with a backup', async () => {
    const userId = await given.known();
    await harness.events.send(
      userErasuresV1,
      { userId, version: 9, erasedAt: now() },
      { key: userId, version: 9 },
    );
    await waitFor(async () => (await rowsOf(userId)) === 0);
  });

  it('is also what a tombstone of the account means', async () => {
    const userId = await given.known();
    await harness.events.send(userStateV1, null, { key: userId, version: 9 });
    await waitFor(async () => (await rowsOf(userId)) === 0);
  });

  it('closes mails that wait', async () => {
    const userId = uuidv7();
    await harness.events.send(
      userEmailVerifiedV1,
      { userId, version: 2, source: 'self', verifiedAt: now() },
      { key: userId },
    );
    await waitFor(async () => (await deliveriesOf(harness.db, userId))[0]?.state === 'awaiting_contact');
    await due(userId);
    await waitFor(async () => (await rowsOf(userId)) === 0);
  });
});
