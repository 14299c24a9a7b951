import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asyncApiDocument } from '@nest-arch/contracts';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';

let harness: Harness;
let gateway: Gateway;
beforeAll(async () => {
  harness = await startHarness();
  gateway = await harness.start();
  await untilReady(gateway);
});
afterAll(() => harness.stop());

describe('/asyncapi.json', () => {
  it('is the description of all events, for anybody to read and caches to keep', async () => {
    const { status, headers, body } = await gateway.http.get('/asyncapi.json');

    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(body).toEqual(asyncApiDocument());
  });

  it('is answered by 304 to who has it', async () => {
    const first = await gateway.http.get('/asyncapi.json');
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    const again = await gateway.http.get('/asyncapi.json', { headers });
    const other = await gateway.http.get('/asyncapi.json', { headers: { 'if-none-match': '"another"' } });

    expect(again).toMatchObject({ status: 304, body: '' });
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(other.status).toBe(200);
  });

  it('is named by the first page and by the API description', async () => {
    const page = await gateway.http.get<string>('/', { headers: { 'accept-language': 'en' } });
    const api = await gateway.http.get<{ info: { description: string } }>('/openapi.json');

    expect(page.body).toContain('href="/asyncapi.json"');
    expect(api.body.info.description).toContain('(/asyncapi.json)');
  });
});
