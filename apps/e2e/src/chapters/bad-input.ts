import { beforeAll, expect, it } from '@jest/globals';
import type { HttpClient } from '@nest-arch/testing';
import type { Composed } from '../composed.ts';
import { Person } from '../person.ts';

interface Operation {
  security?: object[];
  requestBody?: object;
  parameters?: { in: string; name: string }[];
  responses: Record<string, unknown>;
}

/** What strangers and clumsy clients send; the composed system is asked, not the code. */
export function badInput(of: () => Composed): void {
  let world: Composed;
  let me: HttpClient;
  let operations: { method: string; path: string; operation: Operation }[];

  beforeAll(async () => {
    world = of();
    // Who may call everything; whom the door turns away is not told what is wrong with the letter in hand.
    me = await new Person(world).joinAsAdmin();
    const { body } = await world.api.get<{ paths: Record<string, Record<string, Operation>> }>(
      '/openapi.json',
    );
    operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        operation,
      })),
    );
  });

  const fill = (path: string, value: string) => path.replace(/\{\w+\}/g, value);
  const anId = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';

  it('is described: the routes of this release are all there', () => {
    const described = operations.map(({ method, path }) => `${method} ${path}`);
    expect(described).toEqual(
      expect.arrayContaining([
        'POST /v1/auth/register',
        'POST /v1/auth/email/verify',
        'POST /v1/auth/email/verify/resend',
        'POST /v1/auth/login',
        'POST /v1/auth/refresh',
        'POST /v1/auth/logout',
        'GET /v1/users/me',
        'PATCH /v1/users/me',
        'GET /v1/users/{id}',
        'GET /v1/notifications',
        'GET /v1/notifications/stream',
        'GET /v1/admin/analytics/summary',
        ...['auth', 'profile', 'notification', 'analytics'].flatMap((service) => [
          `GET /v1/admin/dead-letters/${service}`,
          `GET /v1/admin/dead-letters/${service}/{id}`,
          `POST /v1/admin/dead-letters/${service}/{id}/replay`,
          `DELETE /v1/admin/dead-letters/${service}/{id}`,
        ]),
        'GET /.well-known/jwks.json',
      ]),
    );
  });

  it('refuses an unknown field in its body, and names it', async () => {
    const withBody = operations.filter(({ operation }) => operation.requestBody);
    expect(withBody.length).toBeGreaterThan(5);
    for (const { method, path } of withBody) {
      const answer = await me.request(method, fill(path, anId), {
        json: { zzUnknown: 1 },
        headers: { 'if-match': '"v1"' },
      });
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain('zzUnknown');
    }
  });

  it('refuses a body, a query or a path of the wrong type', async () => {
    for (const { method, path, operation } of operations) {
      const attempts = [
        ...(operation.requestBody
          ? [
              { path: fill(path, anId), json: ['wrong'] },
              { path: fill(path, anId), json: 'wrong' },
            ]
          : []),
        ...(operation.parameters ?? [])
          .filter((parameter) => parameter.in === 'query' && parameter.name === 'limit')
          .map(() => ({ path: `${fill(path, anId)}?limit=many`, json: undefined })),
        ...(path.includes('{id}')
          ? [{ path: fill(path, 'not-an-id'), json: operation.requestBody ? {} : undefined }]
          : []),
      ];
      for (const attempt of attempts) {
        const answer = await me.request(method, attempt.path, {
          json: attempt.json,
          headers: { 'if-match': '"v1"' },
        });
        expect([method, attempt.path, answer.status]).toEqual([method, attempt.path, 400]);
        expect(answer.body).toMatchObject({
          code: expect.any(String),
          traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        });
      }
    }
  });

  it('asks for a token where it says so', async () => {
    const guarded = operations.filter(({ operation }) => (operation.security ?? []).length > 0);
    expect(guarded.length).toBeGreaterThan(5);
    for (const { method, path, operation } of guarded) {
      const answer = await world.api.request(
        method,
        fill(path, anId),
        operation.requestBody ? { json: {} } : {},
      );
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });

  it('answers nothing with a 500, whatever it is sent', async () => {
    const junk: { raw: string | Uint8Array<ArrayBuffer>; type: string }[] = [
      { raw: '{"a":', type: 'application/json' },
      { raw: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), type: 'application/json' },
      { raw: '{"email":"a\\u0000@x.co","password":"\\u0000","token":"\\u0000"}', type: 'application/json' },
      { raw: '<a/>', type: 'application/xml' },
      { raw: `"${'x'.repeat(200_000)}"`, type: 'application/json' },
    ];
    for (const { method, path, operation } of operations.filter((entry) => entry.operation.requestBody)) {
      expect(operation).toBeDefined();
      for (const { raw, type } of junk) {
        const answer = await me.request(method, fill(path, anId), {
          raw,
          headers: { 'content-type': type, 'if-match': '"v1"' },
        });
        expect([400, 413, 415]).toContain(answer.status);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
      }
    }
  });

  it('is alone: what is not in the table is a 404, another method a 405, and internal routes do not exist', async () => {
    expect((await me.get('/v1/nothing')).status).toBe(404);
    expect((await me.request('DELETE', '/v1/auth/register')).status).toBe(405);
    expect((await me.post('/internal/sessions/check', {})).status).toBe(404);
    for (const path of ['/metrics', '/health/ready', '/health/live'])
      expect((await me.get(path)).status).toBe(404);
  });
}
