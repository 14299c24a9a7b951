import {
  type EventDefinition,
  profileInitialisedV1,
  profileStateV1,
  subscriptions,
  topics,
} from '@nest-arch/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { one, uuidv7 } from '@nest-arch/database';
import { Publisher, createEventServer, createTopics, header } from '@nest-arch/messaging';
import { BroadcastConsumer, type BroadcastRecord } from '@nest-arch/messaging/broadcast';
import { HealthRegistry } from '@nest-arch/platform';
import { engines, testKafkaPrefix, waitFor } from '@nest-arch/testing';
import { type Given, startAuth } from './testing/given.js';

const brokers = engines.kafkaBrokers.split(',');
const prefix = testKafkaPrefix();
const records: BroadcastRecord[] = [];
let given: Given;
let publisher: Publisher;
let consumer: BroadcastConsumer;

beforeAll(async () => {
  const { erasures: _, ...others } = topics;
  const { auth = [] } = subscriptions;
  await createTopics({ brokers, prefix, only: Object.values(others), groups: { auth } });
  publisher = new Publisher({ brokers, clientId: 'spec', topicPrefix: prefix });
  const names = [topics.userState, topics.revocations, topics.challenges].map(({ name }) => name);
  const onRecord = (record: BroadcastRecord) => void records.push(record);
  consumer = new BroadcastConsumer({
    ...{ brokers, onRecord },
    app: 'spec',
    topics: names,
    topicPrefix: prefix,
    from: 'beginning',
  });
  consumer.start();
  given = await startAuth({
    ...{ relay: {}, background: true, topicPrefix: prefix },
    strategies: (app) => [createEventServer(app)],
  });
}, 60_000);
afterAll(async () => {
  await given.stop();
  await publisher.close();
  await consumer.close();
}, 30_000);

/** The next record that fits, of those that arrive from now on. */
async function next(type: string, fits: (data: Record<string, unknown>) => boolean) {
  const found = () =>
    records.find((record) => record.type === type && fits(record.data as Record<string, unknown>));
  return waitFor(found, { what: type, timeoutMs: 15_000 });
}

/** A verified account with names that the profile service has not taken yet. */
async function accountWithNames(email: string) {
  await given.register(email, { displayName: 'Ada', locale: 'en' });
  const challenge = await next('auth.challenge.issued.v1', () => true);
  const { userId } = await one<{ userId: string }>(
    given.db,
    `select user_id as "userId" from users where email = $1`,
    [email],
  );
  await given.run(
    `update users set email_verified_at = now(), initial_profile = '{"displayName":"Ada"}' where user_id = $1`,
    [userId],
  );
  return { userId, challenge };
}

function publish<T>(event: EventDefinition<T>, key: string, data: T): Promise<unknown> {
  const headers = {
    ...{ [header.specVersion]: '1.0', [header.id]: uuidv7(), [header.source]: '/nest-arch/profile' },
    ...{ [header.type]: event.type, [header.subject]: key, [header.time]: new Date().toISOString() },
  };
  const record = { topic: event.topic.name, key, value: JSON.stringify(data), headers };
  // A new topic is listed with its leaders a moment before they take records. A second copy has the same id.
  return waitFor(() => publisher.send([record]));
}

describe('with Kafka', () => {
  it('announces a registration, and forgets names and follows the language as the profile service says', async () => {
    const { userId, challenge } = await accountWithNames(given.address());
    expect(challenge.data).toMatchObject({ userId, purpose: 'email_verification' });

    await publish(profileInitialisedV1, userId, { ...profileInitialisedV1.fixture, userId });
    const dropped = await next(
      'auth.user.state.v1',
      (data) => data['userId'] === userId && data['version'] === 2,
    );
    expect(dropped.data).not.toHaveProperty('initialProfile');

    const profile = { ...profileStateV1.fixture, userId };
    await publish(profileStateV1, userId, { ...profile, version: 7, locale: 'de' });
    await publish(profileStateV1, userId, { ...profile, version: 6, locale: 'fr' });
    await publish(profileStateV1, userId, { ...profile, version: 8, locale: null });
    await publish(profileStateV1, userId, { ...profile, version: 9, locale: 'it' });
    const last = await next(
      'auth.user.state.v1',
      (data) => data['userId'] === userId && data['locale'] === 'it',
    );

    expect(last.data).toMatchObject({ version: 4 });
    const locales = records.flatMap(({ type, data }) => {
      const state = data as Record<string, unknown>;
      return type === 'auth.user.state.v1' && state['userId'] === userId ? [state['locale']] : [];
    });
    expect(locales).toEqual(['en', 'en', 'de', 'it']);
  }, 40_000);

  it('tells every gateway of a sign-out', async () => {
    const email = given.address();
    await given.register(email);
    await given.run(
      `with a as (delete from registration_attempts returning user_id, password_hash),
            p as (insert into passwords (user_id, hash) select user_id, password_hash from a on conflict do nothing)
       update users set email_verified_at = now() where email = $1`,
      [email],
    );
    const { body } = await given.login(email);
    await given.http.as(body.accessToken).post('/v1/auth/logout');
    const revoked = await next('auth.session.revoked.v1', (data) => data['sid'] === body.sessionId);
    expect(revoked.data).not.toHaveProperty('minVer');
  });

  it('sends a canary every second and finds its clock right', async () => {
    const canaries = () =>
      records.filter(({ data }) => (data as { canary?: boolean } | null)?.canary === true).length;
    await waitFor(() => canaries() >= 3, { what: 'three canaries' });
    const checks = given.app.get(HealthRegistry, { strict: false }).of('ready');
    for (const { check } of checks) await check();
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['clock', 'database']));
  });
});
