import { type EventData, topics, type TopicDefinition, userStateV1 } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { createTopics } from '@nest-arch/messaging';
import { createApp } from '@nest-arch/platform';
import {
  engines,
  EventSource,
  HttpClient,
  readTopics,
  testDatabase,
  testKafkaPrefix,
  TokenIssuer,
  waitFor,
} from '@nest-arch/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readConfig } from '../config.js';
import { migrations } from '../migrations/index.js';
import { profileApp } from '../profile-app.js';
import { findProfile } from '../profiles/profiles.queries.js';

type Account = EventData<typeof userStateV1>;

// Fewer partitions than in earnest: every spec file makes its own topics.
const few = (topic: TopicDefinition): TopicDefinition => ({ ...topic, partitions: 2 });
const read = [topics.userEvents, topics.userState, topics.erasures].map(few);
const written = [topics.profileEvents, topics.profileState].map(few);

/** The service on a database and topics of its own, with auth played by the spec. */
export async function startHarness({ env = {} }: { env?: Record<string, string> } = {}) {
  const prefix = testKafkaPrefix();
  const brokers = engines.kafkaBrokers;
  const [database, issuer] = await Promise.all([
    testDatabase({ migrations }),
    TokenIssuer.start(),
    createTopics({
      brokers: brokers.split(','),
      prefix,
      only: [...read, ...written],
      groups: { profile: read },
    }),
  ]);
  const { db } = database;
  const events = new EventSource(prefix);
  const apps = new Set<NestFastifyApplication>();
  const settings = {
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['SPEC_LOG_LEVEL'] ?? 'fatal',
    PORT: '0',
    DATABASE_URL: database.url,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: prefix,
    REDIS_URL: engines.redisUrl,
    JWKS_URL: issuer.jwksUrl,
    ...env,
  };

  async function startApp(overrides: Record<string, string> = {}) {
    const app = await createApp(profileApp(readConfig({ ...settings, ...overrides })));
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    apps.add(app);
    return { app, client: new HttpClient((await app.getUrl()).replace('[::1]', '127.0.0.1')) };
  }

  /** Plays auth: an account record of a new person, or the next one of a known person. */
  async function announce(account: Partial<Account> = {}): Promise<Account> {
    const full = { ...accountOf(account.userId ?? uuidv7()), ...account };
    await events.send(userStateV1, full, { key: full.userId, version: full.version });
    return full;
  }

  const profileOf = (userId: string) => findProfile(db, userId);
  const tokenOf = (userId: string, roles: string[] = []) => issuer.tokenOf(userId, { roles });

  return {
    db,
    issuer,
    events,
    startApp,
    start: async (overrides?: Record<string, string>) => (await startApp(overrides)).client,
    announce,
    profileOf,
    tokenOf,
    /** Waits until the profile is based on this account record, or a newer one. */
    caughtUp: ({ userId, version }: Pick<Account, 'userId' | 'version'>) =>
      waitFor(
        async () => {
          const profile = await profileOf(userId);
          return profile && profile.authVersion >= version ? profile : null;
        },
        { what: 'the profile' },
      ),
    /** What the service has said of a person, in order within each topic. */
    said: async (userId: string) => {
      const records = await readTopics(prefix, ...written);
      return records.filter(({ key }) => key === userId);
    },
    stop: async () => {
      await Promise.all([...apps].map((app) => app.close()));
      await events.close();
      issuer.stop();
      await database.drop();
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

export function accountOf(userId: string): Account {
  const { initialProfile: _, ...account } = userStateV1.fixture;
  return { ...account, userId, version: 1, createdAt: new Date().toISOString() };
}
