import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { DatabaseModule, execute, many, one, uuidv7 } from '@nest-arch/database';
import { PlatformModule } from '@nest-arch/platform';
import { engines, waitFor } from '@nest-arch/testing';
import { lastRecords, people } from '../../test/state.js';
import { messagingSpec, readTopics } from '../../test/support.js';
import { MessagingModule } from '../messaging.module.js';
import { messagingMigrations } from '../migrations/index.js';
import { commands } from './commands.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let app: INestApplicationContext;
let said = '';

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userState, topics.userEvents] });
  await people.create(spec.db);
  @Module({
    imports: [
      PlatformModule.forRoot({
        REDIS_URL: engines.redisUrl,
        JWKS_URL: 'http://127.0.0.1:1/jwks.json',
        TOKEN_ISSUER: 'spec',
        TOKEN_AUDIENCE: 'spec',
      }),
      MessagingModule.forRoot({
        ...{ appName: 'spec', brokers: spec.brokers, topicPrefix: spec.prefix },
        relay: false,
        states: [people.source],
      }),
      DatabaseModule.forRoot({ url: spec.url, migrations: messagingMigrations }),
    ],
  })
  class SpecApp {}
  app = await NestFactory.createApplicationContext(SpecApp, { logger: false });
  const hear = (text: unknown) => {
    said += String(text);
    return true;
  };
  jest.spyOn(process.stdout, 'write').mockImplementation(hear);
  jest.spyOn(process.stderr, 'write').mockImplementation(hear);
});
afterEach(() => {
  said = '';
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.close();
  await spec.drop();
});

const run = (verb: string, ...args: string[]) => commands[verb]?.run(app, args);
const idsIn = async (table: 'outbox' | 'outbox_dead_letters') =>
  (await many<{ id: string }>(spec.db, `select id from ${table} order by id`)).map(({ id }) => id);

it('a snapshot sends what the table says, with a relay of its own, and refuses a topic without table', async () => {
  const users = Array.from({ length: 30 }, () => uuidv7());
  await execute(spec.db, `insert into people select id, 4, 'e' from unnest($1::uuid[]) as id`, [users]);
  expect(await run('snapshot', '--topic', userStateV1.topic.name)).toBe(0);
  expect(said).toMatch(/^30 rows of auth\.user\.state\.v1 sent, \d+ a second\n$/);
  const last = await lastRecords(spec);
  expect(users.map((id) => last.get(id)?.version)).toEqual(users.map(() => 4));

  expect(await run('snapshot', '--topic', 'auth.user.events.v1')).toBe(2);
  expect(said).toContain('Topics: auth.user.state.v1');
  expect(await run('snapshot', '--all')).toBe(2);
});

it('rows that Kafka did not take are listed without what they carry, put back or dropped; states are not put back', async () => {
  const [event, state, other] = [uuidv7(), uuidv7(), uuidv7()];
  for (const [id, topic, type] of [
    [event, topics.userEvents.name, userRegisteredV1.type],
    [state, topics.userState.name, userStateV1.type],
    [other, topics.userEvents.name, userRegisteredV1.type],
  ])
    await execute(
      spec.db,
      `insert into outbox_dead_letters (id, bucket, seq, topic, key, type, version, payload, headers, created_at, reason)
       values ($1, 1, 1, $2, 'a key', $3, 1, '{"secret":"value"}', '{}', now(), 'MESSAGE_TOO_LARGE')`,
      [id, topic, type],
    );
  expect(await run('outbox', 'list')).toBe(0);
  expect(said).toContain(`MESSAGE_TOO_LARGE  ${userRegisteredV1.type}  a key`);
  expect(said).toContain('3 rows');
  expect(said).not.toContain('secret');

  expect(await run('outbox', 'requeue', event as string, state as string)).toBe(1);
  expect(await idsIn('outbox_dead_letters')).toEqual([state, other]);
  expect(await run('outbox', 'drop', state as string, other as string)).toBe(0);
  expect(await idsIn('outbox_dead_letters')).toEqual([]);
  // The relay of the snapshot above still runs in this process, as it does in the service.
  await waitFor(
    async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n === 0,
  );
  expect((await readTopics(spec, topics.userEvents)).map(({ headers }) => headers['ce_id'])).toEqual([event]);

  for (const args of [[], ['requeue'], ['drop', 'everything'], ['list', 'all']])
    expect(await run('outbox', ...args)).toBe(2);
});
