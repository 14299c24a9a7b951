import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { HealthRegistry } from '@nest-arch/platform';
import { readEvents, waitFor } from '@nest-arch/testing';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';

let harness: Harness;
let gateway: Gateway;
/** Streams open at the service, by session. */
const open = new Map<string, ServerResponse>();

beforeAll(async () => {
  harness = await startHarness(({ notification }) => {
    notification.app.get('/v1/notifications/stream', (request, reply) => {
      const name = String(request.headers['x-request-id']);
      if (name === 'refuse-it') return reply.code(503).send({ code: 'notification.too_many_streams' });
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      reply.raw.write(`id: 1\ndata: after ${request.headers['last-event-id'] ?? 'nothing'}\n\n`);
      reply.raw.on('close', () => open.delete(name));
      open.set(name, reply.raw);
    });
    notification.app.get('/v1/notifications', () => ({ items: [] }));
  });
  gateway = await harness.start();
  await untilReady(gateway);
});
afterAll(() => harness.stop());

interface Reader {
  name: string;
  data: string[];
  /** Settles when the server has ended the stream. */
  ended: Promise<void>;
  leave(): void;
}

async function read(at: Gateway, token: string, lastEventId?: string): Promise<Reader> {
  const name = randomUUID();
  const controller = new AbortController();
  const data: string[] = [];
  const headers = {
    authorization: `Bearer ${token}`,
    'x-request-id': name,
    ...(lastEventId && { 'last-event-id': lastEventId }),
  };
  const events = readEvents(`${at.url}/v1/notifications/stream`, { headers, signal: controller.signal });
  const ended = (async () => {
    for await (const event of events) data.push(event.data);
  })();
  ended.catch(() => undefined);
  await waitFor(() => data.length > 0);
  return { name, data, ended, leave: () => controller.abort() };
}

describe('an event stream', () => {
  it('passes each event on at once, and Last-Event-ID to the service', async () => {
    const reader = await read(gateway, await harness.issuer.token(), '41');
    open.get(reader.name)?.write('id: 42\ndata: hello\n\n');
    await waitFor(() => reader.data.includes('hello'));

    expect(reader.data).toEqual(['after 41', 'hello']);
    reader.leave();
  });

  it('ends at the service when the reader leaves', async () => {
    const reader = await read(gateway, await harness.issuer.token());
    reader.leave();

    await waitFor(() => !open.has(reader.name));
  });

  it('ends when the service ends it', async () => {
    const reader = await read(gateway, await harness.issuer.token());
    open.get(reader.name)?.end();

    await reader.ended;
  });

  it('ends when its session is revoked, and no other does', async () => {
    const [userId, sessionId] = [randomUUID(), randomUUID()];
    const mine = await read(gateway, await harness.issuer.token({ userId, sessionId }));
    const sameUser = await read(gateway, await harness.issuer.token({ userId }));
    await harness.topic.revoke({ sid: sessionId });
    await mine.ended;

    await waitFor(() => !open.has(mine.name));
    expect(open.has(sameUser.name)).toBe(true);

    await harness.topic.revoke({ userId, minVer: 9 });
    await sameUser.ended;
  });

  it('ends with its token', async () => {
    const reader = await read(gateway, await harness.issuer.token({ expiresIn: 1 }));
    await reader.ended;

    await waitFor(() => !open.has(reader.name));
  });

  it('needs a token, and never one in the address', async () => {
    const token = await harness.issuer.token();
    const none = await gateway.http.get('/v1/notifications/stream');
    const inAddress = await gateway.http.get(`/v1/notifications/stream?access_token=${token}`);

    expect([none.status, inAddress.status]).toEqual([401, 401]);
  });

  it('is not there for HEAD', async () => {
    const answer = await gateway.http.request('HEAD', '/v1/notifications/stream', {
      token: await harness.issuer.token(),
    });

    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET');
  });

  it('may be refused by the service like any request', async () => {
    const token = await harness.issuer.token();
    const answer = await gateway.http.get('/v1/notifications/stream', {
      token,
      headers: { 'x-request-id': 'refuse-it' },
    });

    expect(answer).toMatchObject({ status: 503, body: { code: 'notification.too_many_streams' } });
  });

  it('takes no connection from other requests, and there are only so many', async () => {
    const small = await harness.start({ UPSTREAM_CONNECTIONS: '1', UPSTREAM_QUEUE: '1', MAX_STREAMS: '2' });
    await untilReady(small);
    const token = await harness.issuer.token();
    const readers = [await read(small, token), await read(small, token)];
    const third = await small.http.get('/v1/notifications/stream', { token });
    const call = await small.http.get('/v1/notifications', { token });

    expect(third).toMatchObject({ status: 503, body: { code: 'gateway.busy' } });
    expect(call.status).toBe(200);
    readers[0]?.leave();
    await waitFor(() => !open.has(readers[0]?.name ?? ''));
    expect((await read(small, token)).data).toHaveLength(1);
  });

  it('ends cleanly when the gateway drains', async () => {
    const leaving = await harness.start();
    await untilReady(leaving);
    const reader = await read(leaving, await harness.issuer.token());
    leaving.app.get(HealthRegistry).drain();
    const stopped = leaving.stop();

    await reader.ended;
    await stopped;
  });
});
