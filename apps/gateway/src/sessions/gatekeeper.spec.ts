import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, randomUUID } from 'node:crypto';
import { waitFor } from '@nest-arch/testing';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';
import { Issuer } from '../testing/issuer.js';

let harness: Harness;
let gateway: Gateway;

beforeAll(async () => {
  harness = await startHarness(({ profile, analytics }) => {
    profile.app.get('/v1/users/me', () => ({ reached: true }));
    analytics.app.get('/v1/admin/analytics/summary', () => ({ days: [] }));
  });
  gateway = await harness.start();
  await untilReady(gateway);
});
afterAll(() => harness.stop());

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

function claims() {
  const now = Math.floor(Date.now() / 1000);
  const ids = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID() };
  return { ...ids, iss: 'nest-arch', aud: 'nest-arch', client_id: 'x', ver: 1, iat: now, exp: now + 600 };
}

function meWith(authorization: string) {
  return gateway.http.get('/v1/users/me', { headers: { authorization } });
}

describe('a token', () => {
  it('opens the routes of its user while it lives', async () => {
    const token = await harness.issuer.token();

    for (let n = 0; n < 3; n += 1)
      expect((await gateway.http.get('/v1/users/me', { token })).status).toBe(200);
  });

  it('is refused once it is over, though it was remembered as good', async () => {
    // Two seconds before the end of the leeway.
    const token = await harness.issuer.token({ expiresIn: -28 });
    expect((await gateway.http.get('/v1/users/me', { token })).status).toBe(200);

    const refused = await waitFor(async () => {
      const answer = await gateway.http.get('/v1/users/me', { token });
      return answer.status === 401 && answer;
    });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('is needed', async () => {
    const answer = await gateway.http.get('/v1/users/me');

    expect(answer).toMatchObject({ status: 401, body: { code: 'request.unauthenticated' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  const forgeries: [string, () => string | Promise<string>][] = [
    ['that has expired', () => harness.issuer.token({ expiresIn: -60 })],
    ['for another audience', () => harness.issuer.token({ audience: 'other' })],
    ['of another issuer', () => harness.issuer.token({ issuer: 'other' })],
    ['of another kind', () => harness.issuer.token({ typ: 'JWT' })],
    ['signed by a stranger under our key id', async () => (await Issuer.create()).token()],
    [
      'with alg none',
      () => `${encode({ alg: 'none', typ: 'at+jwt', kid: 'test-key' })}.${encode(claims())}.`,
    ],
    ['signed with the public key as HMAC secret', () => hmacForgery()],
    ['with changed claims', async () => changed(await harness.issuer.token())],
    ['that is no token', () => 'abc'],
    ['of three dots', () => '...'],
    ['that is very long', () => 'a'.repeat(8_000)],
  ];
  it.each(forgeries)('%s is refused as no good', async (_, make) => {
    const answer = await meWith(`Bearer ${await make()}`);

    expect(answer).toMatchObject({ status: 401, body: { code: 'request.unauthenticated' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(JSON.stringify(answer.body)).not.toContain('aaaa');
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer ', 'bearer a b', 'Token x'])(
    'is not "%s"',
    async (authorization) => {
      expect((await meWith(authorization)).status).toBe(401);
    },
  );

  it('opens an admin route to an admin alone', async () => {
    const path = '/v1/admin/analytics/summary';
    const user = await gateway.http.get(path, { token: await harness.issuer.token({ roles: ['user'] }) });
    const admin = await gateway.http.get(path, { token: await harness.issuer.token({ roles: ['admin'] }) });

    expect(user).toMatchObject({ status: 403, body: { code: 'request.forbidden' } });
    expect(admin.status).toBe(200);
  });

  it('never reaches a service when it is refused', async () => {
    const before = harness.profile.seen.length;
    for (const [, make] of forgeries) await meWith(`Bearer ${await make()}`);

    expect(harness.profile.seen.length).toBe(before);
  });
});

function hmacForgery(): string {
  const head = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'test-key' })}.${encode(claims())}`;
  const secret = JSON.stringify(harness.issuer.jwks.keys[0]);
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

function changed(token: string): string {
  const [header, , signature] = token.split('.');
  return `${header}.${encode({ ...claims(), roles: ['admin'] })}.${signature}`;
}
