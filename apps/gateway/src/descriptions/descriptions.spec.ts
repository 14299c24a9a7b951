import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nest-arch/testing';
import { inlineHash } from '../pages/inline-hash.js';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';

let harness: Harness;
let gateway: Gateway;
let isAnalyticsUp = false;
let isProfileMad = false;

const describing = (path: string, method: string) => ({
  openapi: '3.1.0',
  info: { title: 'service', version: '1' },
  paths: { [path]: { [method]: { responses: {} } }, '/internal/x': { get: { responses: {} } } },
  components: { schemas: { Problem: { type: 'object' } } },
});

beforeAll(async () => {
  harness = await startHarness(({ auth, profile, notification, analytics }) => {
    auth.app.get('/openapi.json', () => describing('/v1/auth/login', 'post'));
    // Nested too deep to be walked: valid JSON, and yet merging it fails.
    const mad = `{"components":{"schemas":{"A":${'['.repeat(50_000)}${']'.repeat(50_000)}}}}`;
    profile.app.get('/openapi.json', () => (isProfileMad ? mad : describing('/v1/users/me', 'get')));
    notification.app.get('/openapi.json', () => describing('/v1/notifications', 'get'));
    analytics.app.get('/openapi.json', (_request, reply) =>
      isAnalyticsUp ? describing('/v1/admin/analytics/summary', 'get') : reply.code(503).send(),
    );
  });
  gateway = await harness.start();
  await untilReady(gateway);
});
afterAll(() => harness.stop());

describe('/openapi.json', () => {
  it('is one OpenAPI 3.1 document of all services, complete once each has answered', async () => {
    const { status, headers, body } = await gateway.http.get('/openapi.json');

    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'nest-arch' }, servers: [{ url: '/' }] });
    expect(Object.keys(body.paths)).toEqual(['/v1/auth/login', '/v1/users/me', '/v1/notifications']);

    isAnalyticsUp = true;
    await waitFor(
      async () => '/v1/admin/analytics/summary' in (await gateway.http.get('/openapi.json')).body.paths,
      { intervalMs: 100 },
    );
  });

  it('is answered from memory, and by 304 to who has it', async () => {
    const first = await gateway.http.get('/openapi.json');
    const asked = harness.auth.seen.length;
    const again = await gateway.http.get('/openapi.json', {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    });

    expect(again.status).toBe(304);
    expect(harness.auth.seen.length).toBe(asked);
  });

  it('is made anew after a failure, and not kept as one', async () => {
    const other = await harness.start();
    isProfileMad = true;
    const failed = await other.http.get('/openapi.json');
    isProfileMad = false;
    const { status, body } = await other.http.get('/openapi.json');

    expect(failed).toMatchObject({ status: 500, body: { code: 'request.internal_error' } });
    expect(status).toBe(200);
    expect(body.paths).toHaveProperty('/v1/users/me');
  });
});

describe('/docs', () => {
  it('is a page whose policy lets it talk to this host alone', async () => {
    const redirect = await gateway.http.get('/docs');
    const { status, headers, body } = await gateway.http.get<string>('/docs/');
    const policy = headers.get('content-security-policy') ?? '';
    const scripts = [...body.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];

    expect(redirect.headers.get('location')).toBe('/docs/');
    expect(status).toBe(200);
    expect(scripts).toHaveLength(2);
    expect(scripts[0]?.[1]).toContain('src="js/scalar.js"');
    expect(policy).toContain(`'${inlineHash(scripts[1]?.[2] ?? '')}'`);
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|script-src[^;]*unsafe/);
    expect(body).not.toMatch(/(src|href)="https?:/);
    expect(body).toContain('"url": "/openapi.json"');
  });

  it('brings its script along, compressed', async () => {
    const answer = await gateway.http.get<string>('/docs/js/scalar.js');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/javascript');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(answer.body.length).toBeGreaterThan(1_000_000);
  });
});
