import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';

let harness: Harness;
let gateway: Gateway;

beforeAll(async () => {
  harness = await startHarness(({ auth, profile }) => {
    profile.app.get('/v1/users/me', (_request, reply) =>
      reply
        .headers({
          etag: '"7"',
          'x-powered-by': 'curiosity',
          'set-cookie': ['a=1', 'b=2'],
          connection: 'x-hop',
          'x-hop': '1',
        })
        .send({ displayName: 'Grüße' }),
    );
    profile.app.patch('/v1/users/me', (request, reply) =>
      reply.code(412).type('application/problem+json').send(request.body),
    );
    profile.app.get('/v1/users/:id', (request) => request.params);
    profile.app.get('/internal/secret', () => 'secret');
    auth.app.post('/v1/auth/login', () => ({ status: 'authenticated' }));
    auth.app.post('/v1/auth/logout', (_request, reply) => reply.code(204).send());
    auth.app.get('/internal/secret', () => 'secret');
  });
  gateway = await harness.start();
  await untilReady(gateway);
});
afterAll(() => harness.stop());

describe('a request that passes', () => {
  it('brings back status, headers and body of the service', async () => {
    const token = await harness.issuer.token();
    const answer = await gateway.http.get('/v1/users/me?fields=a%20b', { token });

    expect(answer).toMatchObject({ status: 200, body: { displayName: 'Grüße' } });
    expect(answer.headers.get('etag')).toBe('"7"');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(harness.profile.last).toMatchObject({ method: 'GET', url: '/v1/users/me?fields=a%20b' });
  });

  it('loses hop-by-hop headers and the name of the software on the way back', async () => {
    const { headers } = await gateway.http.get('/v1/users/me', { token: await harness.issuer.token() });

    expect(headers.get('x-hop')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
  });

  it('carries its body byte for byte and the conditional headers', async () => {
    const raw = '{ "displayName" :  "Jürgen \\u00df" }';
    const answer = await gateway.http.request('PATCH', '/v1/users/me', {
      token: await harness.issuer.token(),
      raw,
      headers: { 'content-type': 'application/merge-patch+json', 'if-match': '"6"', 'idempotency-key': 'k' },
    });

    expect(answer.status).toBe(412);
    expect(harness.profile.last.body).toBe(raw);
    expect(harness.profile.last.headers).toMatchObject({
      'if-match': '"6"',
      'idempotency-key': 'k',
      'content-type': 'application/merge-patch+json',
    });
  });

  it('says how long the service has, and who asks by which trace', async () => {
    await gateway.http.get('/v1/users/me', { token: await harness.issuer.token() });
    const { headers } = harness.profile.last;

    expect(Number(headers['x-request-deadline-ms'])).toBeGreaterThan(0);
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(headers['x-forwarded-proto']).toBe('http');
    expect(headers['x-forwarded-host']).toBe(new URL(gateway.url).host);
  });

  it('answers with the trace id as request id, or the one that was sent', async () => {
    const token = await harness.issuer.token();
    const own = await gateway.http.get('/v1/users/me', { token });
    const traceId = String(harness.profile.last.headers.traceparent).split('-')[1];
    const given = await gateway.http.get('/v1/users/me', {
      token,
      headers: { 'x-request-id': 'order-4711.a' },
    });
    const bad = await gateway.http.get('/v1/users/me', { token, headers: { 'x-request-id': 'a"b' } });

    expect(own.headers.get('x-request-id')).toBe(traceId);
    expect(given.headers.get('x-request-id')).toBe('order-4711.a');
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('may be a HEAD where there is a GET', async () => {
    const answer = await gateway.http.request('HEAD', '/v1/users/me', {
      token: await harness.issuer.token(),
    });

    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(harness.profile.last.method).toBe('HEAD');
  });

  it('has no cached answer where the answer may hold secrets', async () => {
    const login = await gateway.http.post('/v1/auth/login', { email: 'a@example.com', password: 'x' });
    const me = await gateway.http.get('/v1/users/me', { token: await harness.issuer.token() });

    expect(login.headers.get('cache-control')).toBe('no-store');
    expect(me.headers.get('cache-control')).toBeNull();
  });

  it('needs no body where the route takes one', async () => {
    const answer = await gateway.http.request('POST', '/v1/auth/logout', {
      token: await harness.issuer.token(),
    });

    expect(answer.status).toBe(204);
  });

  it('cannot leave its route by dots or escapes in a parameter', async () => {
    const token = await harness.issuer.token();
    const answer = await gateway.http.get('/v1/users/%2e%2e%2f%2e%2e%2finternal%2fsecret', { token });

    expect(answer.body).toEqual({ id: '../../internal/secret' });
    expect(harness.profile.last.url).toBe('/v1/users/..%2F..%2Finternal%2Fsecret');
  });
});

describe('what a caller says of itself', () => {
  const forged = {
    'x-user-id': randomUUID(),
    'x-user-roles': 'admin',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-real-ip': '203.0.113.9',
    'x-internal-token': 'local-development-only-not-a-secret-000',
    'x-request-deadline-ms': '-1',
    forwarded: 'for=203.0.113.9',
    traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
    tracestate: 'evil=1',
    cookie: 'session=1',
  };

  it('reaches no service', async () => {
    const token = await harness.issuer.token();
    const { status } = await gateway.http.get('/v1/users/me', { token, headers: forged });
    const { headers } = harness.profile.last;

    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('x-user-id');
    expect(headers).not.toHaveProperty('x-user-roles');
    expect(headers).not.toHaveProperty('x-real-ip');
    expect(headers).not.toHaveProperty('x-internal-token');
    expect(headers).not.toHaveProperty('forwarded');
    expect(headers).not.toHaveProperty('tracestate');
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(headers['x-forwarded-host']).not.toBe('evil.example');
    expect(headers['x-request-deadline-ms']).not.toBe('-1');
    expect(headers.traceparent).not.toContain('1111');
  });

  it('is believed of a balancer that the configuration names, back to the first hop that is not', async () => {
    const behind = await harness.start({ TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8' });
    await untilReady(behind);
    await behind.http.get('/v1/users/me', {
      token: await harness.issuer.token(),
      headers: { ...forged, 'x-forwarded-for': '1.2.3.4, 203.0.113.9, 10.1.2.3' },
    });
    const { headers } = harness.profile.last;

    expect(headers).toMatchObject({
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
    });
    expect(headers.traceparent).toMatch(/^00-1{32}-/);
    expect(headers).not.toHaveProperty('x-user-id');
  });

  it('cannot open what the table does not', async () => {
    const answer = await gateway.http.get('/internal/secret', {
      token: await harness.issuer.token({ roles: ['admin'] }),
    });

    expect(answer).toMatchObject({ status: 404, body: { code: 'gateway.route_not_found' } });
  });
});
