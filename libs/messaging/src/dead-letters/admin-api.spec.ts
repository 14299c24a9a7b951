import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Logger, Module, type DynamicModule } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { execute, many, uuidv7 } from '@nest-arch/database';
import { baseConfig, createApp, loadConfig, PlatformModule } from '@nest-arch/platform';
import { engines, HttpClient, testKafkaPrefix, TokenIssuer, waitFor } from '@nest-arch/testing';
import { z } from 'zod';
import { lagOf, publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import { PermanentError, type EventContext } from '../consumer/event-context.js';
import { OnEvent } from '../consumer/on-event.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import { DeadLettersModule } from './dead-letters.module.js';

const failing = new Set<string>();

@Controller()
class SpecConsumer {
  @OnEvent(userRegisteredV1, { group: 'analytics' })
  async registered(_data: unknown, @Ctx() context: EventContext): Promise<void> {
    if (failing.has(context.key)) throw new PermanentError('not yet');
    await execute(context.tx, `insert into effects (user_id) values ($1)`, [context.key]);
  }
}

@Module({})
class MessagingOptionsModule {
  static of(options: MessagingOptions): DynamicModule {
    const provider = { provide: MESSAGING_OPTIONS, useValue: options };
    return { module: MessagingOptionsModule, global: true, providers: [provider], exports: [provider] };
  }
}

const lines: { level: string; message: unknown; text: unknown }[] = [];
let issuer: TokenIssuer;

/** A service with nothing but its letters. */
async function startService(brokers: string[], topicPrefix: string) {
  const config = loadConfig(z.object(baseConfig), {
    PORT: '0',
    LOG_LEVEL: 'silent',
    REDIS_URL: engines.redisUrl,
    JWKS_URL: issuer.jwksUrl,
  });
  @Module({
    imports: [
      PlatformModule.forRoot(config),
      MessagingOptionsModule.of({ appName: 'analytics', brokers, topicPrefix }),
      DeadLettersModule.forRoot({ service: 'analytics' }),
    ],
  })
  class ServiceModule {}
  const app = await createApp({ name: 'analytics', module: ServiceModule, config });
  Logger.overrideLogger({
    log: (message: unknown, text: unknown) => lines.push({ level: 'log', message, text }),
    warn: () => undefined,
    error: (message: unknown, text: unknown) => lines.push({ level: 'error', message, text }),
    fatal: () => undefined,
  });
  await app.listen(0, '127.0.0.1');
  return { app, http: new HttpClient((await app.getUrl()).replace('[::1]', '127.0.0.1')) };
}

const base = '/v1/admin/dead-letters/analytics';
const adminId = uuidv7();
const read = [topics.userEvents, topics.sessionEvents];
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let consumer: Awaited<ReturnType<typeof startServer>>;
let service: Awaited<ReturnType<typeof startService>>;
let publisher: ReturnType<typeof newPublisher>;
let admin: HttpClient;

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  spec = await messagingSpec({ topics: read, groups: { analytics: read, notification: read } });
  await execute(spec.db, `create table effects (user_id text)`);
  publisher = newPublisher(spec);
  consumer = await startServer(spec, [SpecConsumer], { group: 'analytics' });
  service = await startService(spec.brokers, spec.prefix);
  admin = service.http.as(await issuer.tokenOf(adminId, { roles: ['admin'] }));
});
afterAll(async () => {
  await Promise.all([consumer.service.close(), service.app.close(), publisher.close()]);
  issuer.stop();
  await spec.drop();
});

/** Registers people whose events fail, and waits for their letters. */
async function bury(count: number, data: object = {}): Promise<{ key: string; id: string }[]> {
  const keys = Array.from({ length: count }, () => uuidv7());
  for (const key of keys) {
    failing.add(key);
    await publish(publisher, userRegisteredV1, { ...userRegisteredV1.fixture, ...data }, { key });
  }
  const open = await waitFor(async () => {
    const { body } = await admin.get(`${base}?limit=100`);
    const found = body.items.filter(({ key }: { key: string }) => keys.includes(key));
    return found.length === count && (found as { key: string; id: string }[]);
  });
  return open.map(({ key, id }) => ({ key, id }));
}

const effectsOf = (key: string) => many(spec.db, `select 1 from effects where user_id = $1`, [key]);
const committed = () => waitFor(async () => (await lagOf(spec, 'analytics', topics.userEvents.name)) === 0);

describe('dead letters over the admin API', () => {
  it('are listed page by page, each once', async () => {
    const buried = await bury(5);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { status, body } = await admin.get(`${base}?limit=2${cursor}`);
      expect([status, body.items.length <= 2]).toEqual([200, true]);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor);
    expect(seen).toEqual(expect.arrayContaining(buried.map(({ id }) => id)));
    expect(new Set(seen).size).toBe(seen.length);

    const { body } = await admin.get(`${base}?topic=${topics.sessionEvents.name}`);
    expect(body).toEqual({ items: [], nextCursor: null });
    const other = await admin.get(`${base}?group=notification`);
    expect(other.body.items).toEqual([]);
  });

  it('are shown with reason, headers and data, but without an address', async () => {
    const [letter] = await bury(1, { email: 'ada@example.com', source: 'self' });
    const { status, body, headers } = await admin.get(`${base}/${letter?.id}`);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      id: letter?.id,
      group: 'analytics',
      topic: topics.userEvents.name,
      key: letter?.key,
      type: userRegisteredV1.type,
      reason: 'permanent',
      detail: 'PermanentError: not yet',
      attempts: 1,
      headers: { ce_type: userRegisteredV1.type, 'x-dlq-group': 'analytics' },
      data: { source: 'self', userId: userRegisteredV1.fixture.userId, email: '•••' },
    });
    expect(JSON.stringify(body)).not.toContain('ada@');
  });

  it('have one effect when two administrators replay them at once and again', async () => {
    const [letter] = await bury(1);
    const { key = '', id } = letter ?? {};
    failing.delete(key);
    const answers = await Promise.all([
      admin.post(`${base}/${id}/replay`),
      admin.post(`${base}/${id}/replay`, {}),
    ]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses.every((status) => [200, 404].includes(status))).toBe(true);
    expect(answers.find(({ status }) => status === 200)?.body).toEqual({ id, resolution: 'replayed' });
    await waitFor(async () => (await effectsOf(key)).length > 0);
    const again = await admin.post(`${base}/${id}/replay`);
    expect([again.status, again.body.code]).toEqual([404, 'dead_letters.not_found']);
    await committed();
    expect(await effectsOf(key)).toHaveLength(1);
  });

  it('are dropped for good', async () => {
    const [letter] = await bury(1);
    expect((await admin.delete(`${base}/${letter?.id}`)).status).toBe(204);
    for (const answer of [
      await admin.delete(`${base}/${letter?.id}`),
      await admin.get(`${base}/${letter?.id}`),
      await admin.post(`${base}/${letter?.id}/replay`),
    ])
      expect([answer.status, answer.body.code]).toEqual([404, 'dead_letters.not_found']);
    failing.delete(letter?.key ?? '');
    await committed();
    expect(await effectsOf(letter?.key ?? '')).toEqual([]);
  });

  it('are those of this service alone', async () => {
    const topic = topics.userEvents.name;
    const headers = { 'x-dlq-topic': topic, 'x-dlq-group': 'notification' };
    await publisher.send([{ topic: `${topic}.notification.dlq`, key: 'x', value: '{}', headers }]);
    const id = `${topic}.notification.dlq:0:0`;
    for (const answer of [
      await admin.get(`${base}/${id}`),
      await admin.post(`${base}/${id}/replay`),
      await admin.delete(`${base}/${id}`),
    ])
      expect([answer.status, answer.body.code]).toEqual([404, 'dead_letters.not_found']);
  });

  it('are for administrators, who are named in the log', async () => {
    const [letter] = await bury(1);
    const user = service.http.as(await issuer.tokenOf(uuidv7()));
    const calls = [
      ['GET', base],
      ['GET', `${base}/${letter?.id}`],
      ['POST', `${base}/${letter?.id}/replay`],
      ['DELETE', `${base}/${letter?.id}`],
    ] as const;
    for (const [method, path] of calls) {
      expect((await service.http.request(method, path)).status).toBe(401);
      expect((await user.request(method, path)).status).toBe(403);
    }
    lines.length = 0;
    for (const [method, path] of calls) await admin.request(method, path);
    const texts = lines.filter(({ message }) => (message as { callerId?: string }).callerId === adminId);
    expect(texts.map(({ text }) => text)).toEqual([
      'Dead letters listed',
      'Dead letter shown',
      'Dead letter to be replayed',
      'Dead letter replayed',
      'Dead letter to be dropped',
      'Dead letter dropped',
    ]);
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'cursor=x', 'nothing=1'])('refuse ?%s', async (query) => {
    expect((await admin.get(`${base}?${query}`)).status).toBe(400);
  });

  it.each(['not-an-id', randomUUID(), 'a.dlq:0:x', '..%2fa.dlq:0:1'])('have no id like %s', async (id) => {
    expect((await admin.get(`${base}/${id}`)).status).toBe(400);
  });
});

describe('while Kafka is away', () => {
  it('the answer is 503 with a time to come back', async () => {
    const away = await startService(['127.0.0.1:1'], testKafkaPrefix());
    const caller = away.http.as(await issuer.tokenOf(adminId, { roles: ['admin'] }));
    const answer = await caller.get(base);
    expect([answer.status, answer.body.code]).toEqual([503, 'dead_letters.unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await away.app.close();
  });
});
