import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { topics, userEmailVerifiedV1, userRegisteredV1 } from '@nest-arch/contracts';
import { DatabaseModule, Db, one } from '@nest-arch/database';
import { HealthRegistry, PlatformModule } from '@nest-arch/platform';
import { engines, waitFor } from '@nest-arch/testing';
import { messagingSpec, readTopics } from '../test/support.js';
import { createEventServer } from './consumer/create-event-server.js';
import type { EventContext } from './consumer/event-context.js';
import { OnEvent } from './consumer/on-event.js';
import { MessagingModule } from './messaging.module.js';
import { messagingMigrations } from './migrations/index.js';
import { Outbox } from './outbox/outbox.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let app: NestFastifyApplication;
const complaints: string[] = [];
const note = (message: unknown) => void complaints.push(String(message));
const logger = { log: () => {}, warn: note, error: note, fatal: note };

/** Answers an event with another one, as services do. */
@Controller()
class Answering {
  constructor(private readonly outbox: Outbox) {}

  @OnEvent(userRegisteredV1)
  async registered(@Payload() data: { userId: string }, @Ctx() { tx, key }: EventContext) {
    const answer = { ...userEmailVerifiedV1.fixture, userId: data.userId };
    await new Promise((resolve) => setTimeout(resolve, 50));
    await this.outbox.add(tx, userEmailVerifiedV1, answer, { key });
  }
}

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userEvents], groups: { spec: [topics.userEvents] } });
  @Module({
    controllers: [Answering],
    imports: [
      PlatformModule.forRoot({
        REDIS_URL: engines.redisUrl,
        JWKS_URL: 'http://127.0.0.1:1/jwks.json',
        TOKEN_ISSUER: 'spec',
        TOKEN_AUDIENCE: 'spec',
      }),
      // Before the database on purpose: the order of imports must not decide which of them closes first.
      MessagingModule.forRoot({ appName: 'spec', brokers: spec.brokers, topicPrefix: spec.prefix }),
      DatabaseModule.forRoot({ url: spec.url, migrations: messagingMigrations }),
    ],
  })
  class SpecApp {}
  app = await NestFactory.create<NestFastifyApplication>(SpecApp, new FastifyAdapter(), { logger });
  app.connectMicroservice({ strategy: createEventServer(app) });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
});
afterAll(() => spec.drop());

it('carries an event from one commit to the next in milliseconds, and reports its health', async () => {
  const health = app.get(HealthRegistry);
  for (const { check } of [...health.of('live'), ...health.of('ready')]) await check();
  const key = randomUUID();
  const data = { ...userRegisteredV1.fixture, userId: randomUUID() };
  await app.get(Db).transaction((tx) => app.get(Outbox).add(tx, userRegisteredV1, data, { key }));
  const records = await waitFor(async () => {
    const all = await readTopics(spec, topics.userEvents);
    return all.length === 2 && all;
  });
  expect(records.map(({ type }) => type)).toEqual([userRegisteredV1.type, userEmailVerifiedV1.type]);
  expect(records[1]?.data).toMatchObject({ userId: data.userId });
});

it('sends what the last handlers wrote before it goes, and gives its leases back', async () => {
  const keys = Array.from({ length: 10 }, () => randomUUID());
  await app.get(Db).transaction(async (tx) => {
    for (const key of keys)
      await app.get(Outbox).add(tx, userRegisteredV1, userRegisteredV1.fixture, { key });
  });
  await waitFor(
    async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from inbox`)).n > 1,
  );
  complaints.length = 0;
  await app.close();
  // Whatever still ran would have complained of the closed database.
  expect(complaints).toEqual([]);
  const handled = await one<{ n: number }>(spec.db, `select count(*)::int as n from inbox`);
  const records = await readTopics(spec, topics.userEvents);
  expect(records.filter(({ type }) => type === userEmailVerifiedV1.type)).toHaveLength(handled.n);
  expect(await one(spec.db, `select count(*)::int as n from outbox_leases where holder is not null`)).toEqual(
    { n: 0 },
  );
});
