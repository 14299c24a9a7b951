import { analyticsSummary, topics, type TopicDefinition } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { createTopics, deadLetterTopic } from '@nest-arch/messaging';
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
import { analyticsApp } from '../analytics-app.js';
import { readConfig } from '../config.js';
import { migrations } from '../migrations/index.js';

// Fewer partitions than in earnest: every spec file makes its own topics.
const few = (topic: TopicDefinition): TopicDefinition => ({ ...topic, partitions: 2 });
const read = [topics.userEvents, topics.sessionEvents, topics.erasures].map(few);
const written = few(topics.analyticsEvents);

/** The service on a database and topics of its own, with auth played by the spec. */
export async function startHarness() {
  const prefix = testKafkaPrefix();
  const brokers = engines.kafkaBrokers.split(',');
  const [database, issuer] = await Promise.all([
    testDatabase({ migrations }),
    TokenIssuer.start(),
    createTopics({ brokers, prefix, only: [...read, written], groups: { analytics: read } }),
  ]);
  const events = new EventSource(prefix);
  const config = readConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['SPEC_LOG_LEVEL'] ?? 'fatal',
    PORT: '0',
    DATABASE_URL: database.url,
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_TOPIC_PREFIX: prefix,
    REDIS_URL: engines.redisUrl,
    JWKS_URL: issuer.jwksUrl,
  });
  const app = await createApp(analyticsApp(config));
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const http = new HttpClient((await app.getUrl()).replace('[::1]', '127.0.0.1'));
  const admin = http.as(await issuer.tokenOf(uuidv7(), { roles: ['admin'] }));

  /** What the summary says of one day. */
  async function countsOn(day: string) {
    const { body } = await admin.get(`/v1/admin/analytics/summary?from=${day}&to=${day}`);
    const [counts] = analyticsSummary.parse(body).days;
    return { signUps: counts?.signUps, verified: counts?.verified, active: counts?.active };
  }

  return {
    ...{ db: database.db, events, issuer, http, admin, countsOn },
    /** What the service has said, in its order. */
    said: () => readTopics(prefix, written),
    deadLetters: (topic: TopicDefinition) =>
      readTopics(prefix, { name: deadLetterTopic(topic.name, 'analytics') }),
    /** Waits until a day has these counts. */
    counted: (day: string, wanted: { signUps?: number; verified?: number; active?: number }) => {
      const expected = Object.entries({ signUps: 0, verified: 0, active: 0, ...wanted });
      const reached = async () => {
        const counts = await countsOn(day);
        return expected.every(([name, count]) => counts[name as keyof typeof counts] === count);
      };
      return waitFor(reached, { what: `${JSON.stringify(wanted)} on ${day}` });
    },
    stop: async () => {
      await app.close();
      await events.close();
      issuer.stop();
      await database.drop();
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;
