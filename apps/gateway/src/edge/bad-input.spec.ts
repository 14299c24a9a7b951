import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';
import { sendRaw } from '../testing/raw-http.js';

let harness: Harness;
let gateway: Gateway;
let token: string;

beforeAll(async () => {
  harness = await startHarness(({ auth, profile }) => {
    auth.app.post('/v1/auth/login', () => ({ reached: true }));
    profile.app.get('/v1/users/me', () => ({ reached: true }));
    profile.app.get('/v1/users/:id', () => ({ reached: true }));
  });
  gateway = await harness.start();
  await untilReady(gateway);
  token = await harness.issuer.token();
});
afterAll(() => harness.stop());

const json = { 'content-type': 'application/json' };

function bytes(...parts: (string | number[])[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
}

interface BadBody {
  what: string;
  headers?: Record<string, string>;
  raw?: string | Uint8Array<ArrayBuffer>;
  status: number;
  code: string;
}

describe('a body that cannot be meant', () => {
  const bad: BadBody[] = [
    { what: 'broken JSON', raw: '{"email": ', status: 400, code: 'request.malformed_body' },
    { what: 'text after JSON', raw: '{} {}', status: 400, code: 'request.malformed_body' },
    {
      what: 'bad UTF-8',
      raw: bytes('{"email":"', [0xc3, 0x28], '"}'),
      status: 400,
      code: 'request.malformed_body',
    },
    {
      what: 'an overlong encoding',
      raw: bytes('{"a":"', [0xc0, 0xaf], '"}'),
      status: 400,
      code: 'request.malformed_body',
    },
    { what: 'a NUL byte', raw: bytes('{"email":"', [0], '"}'), status: 400, code: 'request.malformed_body' },
    {
      what: 'too many bytes',
      raw: JSON.stringify('x'.repeat(20_000)),
      status: 413,
      code: 'request.too_large',
    },
    {
      what: 'far too many bytes',
      raw: JSON.stringify('x'.repeat(2_000_000)),
      status: 413,
      code: 'request.too_large',
    },
    {
      what: 'another content type',
      headers: { 'content-type': 'text/xml' },
      raw: '<a/>',
      status: 415,
      code: 'request.unsupported_media_type',
    },
    {
      what: 'a form',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      raw: 'email=a',
      status: 415,
      code: 'request.unsupported_media_type',
    },
    {
      what: 'a content type that is none',
      headers: { 'content-type': 'json' },
      raw: '{}',
      status: 415,
      code: 'request.unsupported_media_type',
    },
    {
      what: 'a compressed body',
      headers: { ...json, 'content-encoding': 'gzip' },
      raw: 'x',
      status: 415,
      code: 'request.unsupported_media_type',
    },
  ];

  it.each(bad)('$what gets $status $code', async ({ headers = json, raw = '', status, code }) => {
    const answer = await gateway.http.request('POST', '/v1/auth/login', { headers, raw });

    expect(answer).toMatchObject({
      status,
      body: { status, code, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is refused where no body belongs', async () => {
    const head = `GET /v1/users/me HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n`;
    const withLength = await sendRaw(gateway.url, `${head}content-length: 2\r\n\r\n{}`);
    const chunked = await sendRaw(
      gateway.url,
      `${head}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    );

    expect(withLength).toMatchObject({ status: 400 });
    expect(JSON.parse(withLength.body)).toMatchObject({ code: 'gateway.unexpected_body' });
    expect(chunked).toMatchObject({ status: 400 });
  });

  it('never reached the service', () => {
    expect(harness.auth.seen.filter(({ url }) => url.includes('login'))).toEqual([]);
  });
});

describe('an address that cannot be meant', () => {
  it.each<[string, number, string]>([
    ['/v1/users/%', 400, 'request.malformed'],
    ['/v1/users/%zz', 400, 'request.malformed'],
    ['/v1/users/%c3%28', 400, 'request.malformed'],
    ['/v1/users/me?q=%zz', 400, 'request.malformed'],
    ['/v1/users/me?q=%ff', 400, 'request.malformed'],
    ['/v1/users/me?q=%00', 400, 'request.malformed'],
    ['/v1/users/a%00b', 400, 'request.malformed'],
    [`/v1/users/${'x'.repeat(300)}`, 414, 'request.uri_too_long'],
    [`/v1/users/me?q=${'x'.repeat(9_000)}`, 414, 'request.uri_too_long'],
  ])('%s gets %i %s', async (path, status, code) => {
    const answer = await gateway.http.get(path, { token });

    expect(answer).toMatchObject({ status, body: { code, traceId: expect.any(String) } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });
});

describe('what is hardly HTTP', () => {
  const get = (headers = '') => `GET /v1/users/me HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;

  it.each([
    ['headers that are too large', get(`x: ${'y'.repeat(20_000)}\r\n`), 431, 'request.headers_too_large'],
    ['an address larger than all headers may be', `GET /${'y'.repeat(70_000)}`, 414, 'request.uri_too_long'],
    ['NUL in a header', get('x: a\u0000b\r\n'), 400, 'request.malformed'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'request.malformed'],
    ['noise', '\u0001\u0002\u0003\r\n\r\n', 400, 'request.malformed'],
    ['two lengths', get('content-length: 1\r\ncontent-length: 2\r\n'), 400, 'request.malformed'],
    [
      'length beside chunks',
      get('content-length: 1\r\ntransfer-encoding: chunked\r\n'),
      400,
      'request.malformed',
    ],
    ['chunks by a wrong name', get('transfer-encoding: xchunked\r\n'), 400, 'request.malformed'],
    [
      'an 8-bit address',
      Buffer.from('GET /v1/\xfc HTTP/1.1\r\nhost: a\r\n\r\n', 'latin1'),
      400,
      'request.malformed',
    ],
    ['an expectation', get('expect: miracles\r\n'), 417, 'request.expectation_failed'],
    ['the server as a whole', 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n', 404, 'gateway.route_not_found'],
    ['a fragment', 'GET /v1/users/me#x HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'request.malformed'],
  ])('%s: a problem like any other', async (_, request, status, code) => {
    const answer = await sendRaw(gateway.url, request);

    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({
      status,
      code,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});

describe('a route that is not there', () => {
  it.each([
    ['GET', '/nowhere'],
    ['GET', '/v1/users'],
    ['GET', '/v1/users/me/'],
    ['GET', '//v1/users/me'],
    ['GET', '/V1/users/me'],
    ['POST', '/internal/sessions/check'],
    ['GET', '/health/ready'],
    ['GET', '/metrics'],
    ['DELETE', '/%2e%2e/v1'],
  ])('%s %s is a 404', async (method, path) => {
    const answer = await gateway.http.request(method, path, { token });

    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'gateway.route_not_found', traceId: expect.any(String) },
    });
  });

  it.each([
    ['DELETE', '/v1/users/me', 'GET, HEAD, PATCH'],
    ['GET', '/v1/auth/login', 'POST'],
    ['PUT', '/v1/users/01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['OPTIONS', '/v1/auth/login', 'POST'],
  ])('%s %s is a 405 that says what is allowed', async (method, path, allow) => {
    const answer = await gateway.http.request(method, path, { token });

    expect(answer).toMatchObject({ status: 405, body: { code: 'request.method_not_allowed' } });
    expect(answer.headers.get('allow')).toBe(allow);
  });
});

describe('pages of other origins', () => {
  const origin = 'https://shop.example';
  const preflight = {
    origin,
    'access-control-request-method': 'PATCH',
    'access-control-request-headers': 'if-match',
  };

  it('may call the API when the configuration names them', async () => {
    const open = await harness.start({ CORS_ORIGINS: `${origin},https://other.example` });
    await untilReady(open);
    const asked = await open.http.request('OPTIONS', '/v1/users/me', { headers: preflight });
    const got = await open.http.get('/v1/users/me', { token, headers: { origin } });
    const refused = await open.http.get('/v1/users/me', { headers: { origin } });

    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-methods')).toContain('PATCH');
    for (const { headers } of [asked, got, refused])
      expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(got.headers.get('vary')?.toLowerCase()).toContain('origin');
    expect(got.headers.get('access-control-expose-headers')).toContain('etag');
  });

  it('may not otherwise', async () => {
    const asked = await gateway.http.request('OPTIONS', '/v1/users/me', { headers: preflight });
    const got = await gateway.http.get('/v1/users/me', { token, headers: { origin } });

    for (const { headers } of [asked, got]) expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
