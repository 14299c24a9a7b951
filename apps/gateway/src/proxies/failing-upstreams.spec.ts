import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';

/** A service that is nothing but a socket, to misbehave below HTTP. */
class RawService {
  connections = 0;
  requests: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(serve: (socket: Socket, request: string, count: number) => void) {
    this.server = createServer((socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        this.requests.push(chunk.toString());
        serve(socket, chunk.toString(), this.requests.length);
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

let harness: Harness;
let token: string;
const raws: RawService[] = [];

beforeAll(async () => {
  harness = await startHarness();
  token = await harness.issuer.token();
});
afterEach(() => {
  for (const raw of raws.splice(0)) raw.stop();
});
afterAll(() => harness.stop());

async function gatewayBefore(
  serve: ConstructorParameters<typeof RawService>[0],
  env: Record<string, string> = {},
): Promise<{ gateway: Gateway; service: RawService }> {
  const service = new RawService(serve);
  raws.push(service);
  const gateway = await harness.start({ PROFILE_URL: await service.start(), ...env });
  await untilReady(gateway);
  return { gateway, service };
}

describe('a service that fails', () => {
  it('is unavailable when nobody listens', async () => {
    const gateway = await harness.start({ PROFILE_URL: 'http://127.0.0.1:1' });
    await untilReady(gateway);
    const answer = await gateway.http.get('/v1/users/me', { token });

    expect(answer).toMatchObject({ status: 503, body: { code: 'gateway.upstream_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('x-request-id')).toBe(answer.body.traceId);
  });

  it('gets an idempotent request once more when it drops the connection', async () => {
    const { gateway, service } = await gatewayBefore((socket, _, count) => {
      if (count === 1) socket.destroy();
      else socket.write(ok);
    });

    expect((await gateway.http.get('/v1/users/me', { token })).status).toBe(200);
    expect(service.requests).toHaveLength(2);
  });

  it('gets it no third time', async () => {
    const { gateway, service } = await gatewayBefore((socket) => socket.destroy());
    const answer = await gateway.http.get('/v1/users/me', { token });

    expect(answer).toMatchObject({ status: 502, body: { code: 'gateway.upstream_failed' } });
    expect(service.requests).toHaveLength(2);
  });

  it('never gets another request twice', async () => {
    const { gateway, service } = await gatewayBefore((socket) => socket.destroy());
    const answer = await gateway.http.patch('/v1/users/me', { displayName: 'x' }, { token });

    expect(answer).toMatchObject({ status: 502, body: { code: 'gateway.upstream_failed' } });
    expect(service.requests).toHaveLength(1);
  });

  it.each([
    ['noise', 'SSH-2.0-OpenSSH_9\r\n'],
    ['a header that is none', 'HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n'],
  ])('answers %s: a bad gateway', async (_, text) => {
    const { gateway } = await gatewayBefore((socket) => socket.write(text));

    expect((await gateway.http.get('/v1/users/me', { token })).status).toBe(502);
  });

  it('closes in the middle: the caller can tell', async () => {
    const { gateway } = await gatewayBefore((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"half"');
      setTimeout(() => socket.destroy(), 50);
    });

    await expect(gateway.http.get('/v1/users/me', { token })).rejects.toThrow();
  });

  it('is asked no more when the caller has left', async () => {
    let closed = 0;
    const { gateway } = await gatewayBefore((socket) => socket.once('close', () => (closed += 1)));
    await expect(gateway.http.get('/v1/users/me', { token, timeoutMs: 100 })).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(closed).toBe(1);
  });
});

describe('a service that is slow', () => {
  const waiting: Socket[] = [];
  const hold = (socket: Socket) => void waiting.push(socket);

  it('has until the deadline, waiting in the queue included', async () => {
    const { gateway } = await gatewayBefore(hold, { UPSTREAM_CONNECTIONS: '1', MAX_DEADLINE_MS: '300' });
    const started = performance.now();
    const [first, second] = await Promise.all([1, 2].map(() => gateway.http.get('/v1/users/me', { token })));

    expect(first).toMatchObject({ status: 504, body: { code: 'gateway.upstream_timeout' } });
    expect(second).toMatchObject({ status: 504, body: { code: 'gateway.upstream_timeout' } });
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  it('has no more requests waiting than the queue holds; the next is told to come back', async () => {
    waiting.length = 0;
    const { gateway, service } = await gatewayBefore(hold, {
      UPSTREAM_CONNECTIONS: '2',
      UPSTREAM_QUEUE: '1',
    });
    const calls = [1, 2, 3].map(() => gateway.http.get('/v1/users/me', { token }));
    while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const refused = await gateway.http.get('/v1/users/me', { token });
    // Each answer lets the one that waited in.
    const answering = setInterval(() => waiting.splice(0).forEach((socket) => socket.write(ok)), 10);
    const answers = await Promise.all(calls);
    clearInterval(answering);
    const deadlines = service.requests.map((text) => Number(/x-request-deadline-ms: (\d+)/.exec(text)?.[1]));

    expect(refused).toMatchObject({ status: 503, body: { code: 'gateway.busy' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    // Who waited has less time left than who did not.
    expect(deadlines[2]).toBeLessThan(Math.min(deadlines[0] ?? 0, deadlines[1] ?? 0));
  });

  it('does not hold up another service', async () => {
    const { gateway } = await gatewayBefore(hold, { UPSTREAM_CONNECTIONS: '1', UPSTREAM_QUEUE: '1' });
    const stuck = [1, 2].map(() =>
      gateway.http.get('/v1/users/me', { token, timeoutMs: 300 }).catch(() => 'left'),
    );
    const keys = await gateway.http.get('/.well-known/jwks.json');

    expect(keys.status).toBe(200);
    expect(await Promise.all(stuck)).toEqual(['left', 'left']);
  });
});
