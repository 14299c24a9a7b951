import type { Server } from 'node:http';
import {
  challengeIssuedV1,
  subscriptions,
  topics,
  type ChallengePurpose,
  type TopicDefinition,
} from '@nest-arch/contracts';
import { many, one, uuidv7, type Db } from '@nest-arch/database';
import { createTopics } from '@nest-arch/messaging';
import { createApp } from '@nest-arch/platform';
import { engines, HttpClient, SmtpSink, testDatabase, testKafkaPrefix, waitFor } from '@nest-arch/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readConfig } from '../config.js';
import { entities } from '../entities.js';
import type { DeliveryState } from '../mail/delivery.entity.js';
import { migrations } from '../migrations/index.js';
import { notificationApp } from '../notification-app.js';
import { EventSource } from './event-source.js';
import { TestIssuer } from './test-issuer.js';

export interface Instance {
  app: NestFastifyApplication;
  http: HttpClient;
  url: string;
  stop(): Promise<void>;
}

// Fewer partitions than in earnest: every spec file makes its own topics.
const few = (topic: TopicDefinition) => ({ ...topic, partitions: 2 });
const groups = Object.fromEntries(
  Object.entries(subscriptions)
    .filter(([group]) => group.split('.')[0] === 'notification')
    .map(([group, read]) => [group, read.map(few)]),
);
const read = [
  ...new Map(Object.values(groups).flatMap((list) => list.map((topic) => [topic.name, topic]))).values(),
];

/** The service on its own database and topics, with a mail server and an issuer that the spec commands. */
export async function startHarness({ consuming = true }: { consuming?: boolean } = {}) {
  const prefix = testKafkaPrefix();
  const brokers = engines.kafkaBrokers;
  const [database, issuer, smtp] = await Promise.all([
    testDatabase({ entities, migrations }),
    TestIssuer.start(),
    new SmtpSink().start(),
    createTopics({
      brokers: brokers.split(','),
      prefix,
      only: [...read, few(topics.deliveryEvents)],
      groups,
    }).then(() => prefix),
  ]);
  const events = new EventSource(prefix);
  const instances = new Set<Instance>();
  const env = {
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['SPEC_LOG_LEVEL'] ?? 'fatal',
    PORT: '0',
    DATABASE_URL: database.url,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: prefix,
    REDIS_URL: engines.redisUrl,
    JWKS_URL: issuer.jwksUrl,
    SMTP_URL: smtp.url,
    MAIL_FROM: 'Example <no-reply@mail.example.com>',
    PRODUCT_NAME: 'Example',
    APP_LINK_BASE_URL: 'https://app.example.com/',
    CHALLENGE_DECRYPTION_JWKS: issuer.decryptionJwks,
  };

  async function start(overrides: Record<string, string> = {}): Promise<Instance> {
    const options = notificationApp(readConfig({ ...env, ...overrides }));
    const app = await createApp(consuming ? options : { ...options, strategies: () => [] });
    if (consuming) await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const instance: Instance = {
      app,
      url,
      http: new HttpClient(url),
      stop: async () => {
        if (instances.delete(instance)) await app.close();
      },
    };
    instances.add(instance);
    return instance;
  }

  async function stop(): Promise<void> {
    // Clients of the spec keep connections on which they never asked anything; a stop would wait for those.
    for (const { app } of instances) (app.getHttpServer() as Server).closeAllConnections();
    await Promise.all([...instances].map((instance) => instance.stop()));
    await events.close();
    issuer.stop();
    await smtp.stop();
    await database.drop();
  }

  return { db: database.db, issuer, smtp, events, env, start, stop };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

export function challengeFor(
  userId: string,
  changes: Partial<{ purpose: ChallengePurpose; locale: string; expiresAt: Date; jwe: string }>,
) {
  return {
    challengeId: uuidv7(),
    userId,
    purpose: changes.purpose ?? ('email_verification' as const),
    locale: changes.locale ?? null,
    expiresAt: (changes.expiresAt ?? new Date(Date.now() + 24 * 3_600_000)).toISOString(),
    jwe: changes.jwe ?? challengeIssuedV1.fixture.jwe,
  };
}

export interface StoredDelivery {
  state: DeliveryState;
  attempts: number;
  sealed: string | null;
  reason: string | null;
  messageIdHeader: string;
}

export function deliveriesOf(db: Db, userId: string): Promise<StoredDelivery[]> {
  return many<StoredDelivery>(
    db,
    `select state, attempts, sealed, last_error as reason, message_id_header as "messageIdHeader"
       from deliveries where user_id = $1 order by created_at`,
    [userId],
  );
}

/** Waits until the person's only delivery is in this state. */
export async function delivery(db: Db, userId: string, state: DeliveryState): Promise<StoredDelivery> {
  return waitFor(
    async () => {
      const found = await deliveriesOf(db, userId);
      return found.length === 1 && found[0]?.state === state ? found[0] : null;
    },
    { what: `a delivery that is ${state}` },
  );
}

export async function countRows(db: Db, table: string, userId: string): Promise<number> {
  const { count } = await one<{ count: number }>(
    db,
    `select count(*)::int as count from ${table} where user_id = $1`,
    [userId],
  );
  return count;
}
