import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { connect } from 'node:net';
import { z } from 'zod';
import { Access } from '../access/access.decorator.js';
import { CurrentUserId } from '../access/caller.js';
import { baseConfig } from '../config/base-config.js';
import { loadConfig } from '../config/load-config.js';
import { ApiDoc } from '../openapi/api-doc.js';
import { PlatformModule } from '../platform.module.js';
import { initTracing } from '../tracing/init-tracing.js';
import { createApp } from './create-app.js';

const config = loadConfig(z.object(baseConfig), {
  PORT: '0',
  LOG_LEVEL: 'silent',
  REDIS_URL: 'redis://127.0.0.1:1',
});
const bodySchema = z.strictObject({ name: z.string().max(10) });
const subject = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';
const session = '01998d3d-5be0-7d0a-8c52-90f3a1b2c3d4';

@Controller('things')
class ThingsController {
  @Post()
  @Access('public')
  @ApiDoc({ summary: 'Make a thing', status: 201, response: bodySchema })
  make(@Body({ schema: bodySchema }) body: z.infer<typeof bodySchema>) {
    return body;
  }

  @Get('mine')
  @Access('user')
  @ApiDoc({ summary: 'My thing' })
  mine(@CurrentUserId() userId: string) {
    return { userId };
  }

  @Get('admin')
  @Access('role', 'admin')
  @ApiDoc({ summary: 'Their thing' })
  admin() {
    return {};
  }

  @Get('inside')
  @Access('internal')
  inside() {
    return {};
  }

  @Get('broken')
  @Access('public')
  broken() {
    throw new Error('the secret reason');
  }

  @Post('all')
  @Access('public')
  all(@Body({ schema: bodySchema.optional() }) body?: z.infer<typeof bodySchema>) {
    return body ?? {};
  }

  @Get(':id')
  @Access('public')
  one(@Param('id', { schema: z.uuid() }) id: string) {
    return { id };
  }
}

describe('an app of the platform', () => {
  let app: NestFastifyApplication;
  let url: string;
  let sign: (claims?: object, header?: object) => Promise<string>;

  beforeAll(async () => {
    await initTracing('test', config);
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const other = await generateKeyPair('ES256');
    sign = (claims = {}, header = {}) => {
      const { forged, ...rest } = header as { forged?: boolean };
      return new SignJWT({ client_id: 'web', sid: session, ver: 0, roles: [], jti: 'x', ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: '1', ...rest })
        .setSubject(subject)
        .setIssuer('nest-arch')
        .setAudience('nest-arch')
        .setIssuedAt()
        .setExpirationTime((claims as { exp?: number }).exp ?? '10m')
        .sign(forged ? other.privateKey : privateKey);
    };
    expect(await exportJWK(publicKey)).toBeDefined();
    @Module({
      imports: [
        PlatformModule.forRoot(config, {
          tokenKeys: { inject: [], useFactory: () => async () => publicKey },
        }),
      ],
      controllers: [ThingsController],
    })
    class TestModule {}
    app = await createApp({ name: 'test', module: TestModule, config });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  async function call(path: string, init: RequestInit = {}) {
    const response = await fetch(`${url}${path}`, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.json(),
    };
  }
  const json = { 'content-type': 'application/json' };
  const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = json) =>
    call('/things', { method: 'POST', body, headers });

  it.each<[string, NonNullable<RequestInit['body']>, Record<string, string>, number, string]>([
    ['an unknown field', '{"name":"a","x":1}', json, 400, 'request.invalid'],
    ['a wrong type', '{"name":1}', json, 400, 'request.invalid'],
    ['malformed JSON', '{"name":', json, 400, 'request.malformed_body'],
    ['bad UTF-8', Buffer.from('{"name":"\xff"}', 'latin1'), json, 400, 'request.malformed_body'],
    ['a NUL', '{"name":"a\\u0000"}', json, 400, 'request.malformed_body'],
    ['a broken surrogate', '{"name":"\\ud800"}', json, 400, 'request.malformed_body'],
    ['a prototype', '{"__proto__":{"x":1},"name":"a"}', json, 400, 'request.malformed_body'],
    ['nothing', '', json, 400, 'request.invalid'],
    [
      'another content type',
      'name=a',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'request.unsupported_media_type',
    ],
    ['plain text', 'a', { 'content-type': 'text/plain' }, 415, 'request.unsupported_media_type'],
    ['too much', `{"name":"${'a'.repeat(70_000)}"}`, json, 413, 'request.too_large'],
  ])('answers a body with %s by a problem', async (_what, body, headers, status, code) => {
    const answer = await post(body, headers);
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect(answer.type).toContain('application/problem+json');
    expect((answer.body as { traceId: string }).traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('names the field that is wrong, not its value', async () => {
    const answer = await post('{"name":"much-too-long-secret"}');
    expect(answer.body).toMatchObject({ errors: [{ field: 'name' }] });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect((await post('{"name":"a","extra":1}')).body).toMatchObject({ errors: [{ field: 'extra' }] });
  });

  it('answers unknown addresses and broken ones', async () => {
    expect(await call('/nope')).toMatchObject({ status: 404, body: { code: 'request.not_found' } });
    expect(await call('/things/%E0%A4%A')).toMatchObject({
      status: 400,
      body: { code: 'request.malformed' },
    });
    expect(await call('/things/not-a-uuid')).toMatchObject({
      status: 400,
      body: { code: 'request.invalid' },
    });
    expect((await call(`/things/${'a'.repeat(300)}`)).status).toBeLessThan(500);
  });

  it('tells nothing of its own faults', async () => {
    const answer = await call('/things/broken');
    expect(answer).toMatchObject({ status: 500, body: { code: 'request.internal_error' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret reason');
  });

  const withToken = (token: string, path = '/things/mine') =>
    call(path, { headers: { authorization: `Bearer ${token}` } });

  it('knows the caller of a good token', async () => {
    expect(await withToken(await sign())).toMatchObject({ status: 200, body: { userId: subject } });
  });

  it('refuses every token that is not good', async () => {
    const [header, payload] = (await sign()).split('.') as [string, string];
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
    const bad: Record<string, string> = {
      forged: await sign({}, { forged: true }),
      'alg none': `${unsigned}.${payload}.`,
      'no signature': `${header}.${payload}.`,
      expired: await sign({ exp: Math.floor(Date.now() / 1000) - 60 }),
      'another audience': await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
      'another type': await sign({}, { typ: 'JWT' }),
      'no session': await sign({ sid: undefined }),
      nonsense: 'abc',
    };
    for (const [what, token] of Object.entries(bad)) {
      expect([what, (await withToken(token)).status]).toEqual([what, 401]);
    }
    expect((await call('/things/mine')).status).toBe(401);
  });

  it('asks for the role that a route declares', async () => {
    expect((await withToken(await sign(), '/things/admin')).body).toMatchObject({
      status: 403,
      code: 'request.forbidden',
    });
    expect((await withToken(await sign({ roles: ['admin'] }), '/things/admin')).status).toBe(200);
  });

  it('keeps internal routes to those who hold the secret', async () => {
    expect((await call('/things/inside')).status).toBe(401);
    const headers = { 'x-internal-token': config.INTERNAL_API_TOKEN };
    expect((await call('/things/inside', { headers })).status).toBe(200);
  });

  it.each([
    ['0', 503],
    ['-20', 503],
    ['5000', 201],
    ['soon', 201],
  ])('heeds the time its caller has left: %s ms', async (left, status) => {
    const response = await fetch(`${url}/things`, {
      method: 'POST',
      body: '{"name":"a"}',
      headers: { ...json, 'x-request-deadline-ms': left },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null);
    if (status === 503) expect(await response.json()).toMatchObject({ code: 'request.unavailable' });
  });

  it('does no work when the body comes after the time is over', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())));
    const head = ['POST /things HTTP/1.1', 'host: x', 'content-type: application/json', 'content-length: 12'];
    socket.write(`${head.join('\r\n')}\r\nx-request-deadline-ms: 60\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    socket.write('{"name":"a"}');
    expect(await answer).toMatch(/^HTTP\/1.1 503/);
    socket.destroy();
  });

  it('continues the trace of its caller', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await call('/nope', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    expect((answer.body as { traceId: string }).traceId).toBe(traceId);
  });

  it('describes itself, with each route’s access, and leaves internal routes out', async () => {
    const { body } = (await call('/openapi.json')) as {
      body: { openapi: string; paths: Record<string, Record<string, object>> };
    };
    expect(body.openapi).toBe('3.1.0');
    expect(body.paths['/things/mine']?.['get']).toMatchObject({ security: [{ accessToken: [] }] });
    expect(body.paths['/things']?.['post']).toMatchObject({
      security: [],
      requestBody: { content: { 'application/json': { schema: { additionalProperties: false } } } },
    });
    expect(body.paths['/things/inside']).toBeUndefined();
    expect(body.paths['/things/all']?.['post']).toMatchObject({ requestBody: { required: false } });
    expect(JSON.stringify(body)).not.toContain('x-optional');
  });

  it('ends although a connection waits for its first request', async () => {
    @Module({ imports: [PlatformModule.forRoot(config)] })
    class EmptyModule {}
    const other = await createApp({ name: 'other', module: EmptyModule, config });
    await other.listen(0, '127.0.0.1');
    const socket = connect(Number(new URL(await other.getUrl()).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await other.close();
    await ended;
  });

  it('does not start with a route that declares no access', async () => {
    @Controller('open')
    class OpenController {
      @Get()
      open() {
        return {};
      }
    }
    @Module({ imports: [PlatformModule.forRoot(config)], controllers: [OpenController] })
    class OpenModule {}
    await expect(createApp({ name: 'open', module: OpenModule, config })).rejects.toThrow(
      'OpenController.open',
    );
  });

  it('answers what is not HTTP at all without falling over', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const text = await new Promise<string>((resolve) => {
      socket.on('data', (data) => resolve(data.toString()));
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n');
    });
    socket.destroy();
    expect(text).toMatch(/^HTTP\/1.1 400/);
  });
});
