import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execute, uuidv7 } from '@nest-arch/database';
import { HealthRegistry, RedisCacheStore, RedisClient } from '@nest-arch/platform';
import { engines, type HttpClient, waitFor } from '@nest-arch/testing';
import { type Harness, startHarness } from '../testing/harness.js';

let service: Harness;
let http: HttpClient;
let redis: RedisClient;
let cache: RedisCacheStore;
beforeAll(async () => {
  service = await startHarness();
  http = await service.start();
  redis = new RedisClient(engines.redisUrl);
  cache = new RedisCacheStore(redis);
});
afterAll(async () => {
  redis.onApplicationShutdown();
  await service.stop();
});

const keyOf = (userId: string) => `profile:1:${userId}`;

async function person() {
  const account = await service.announce({ initialProfile: { displayName: 'Ada' } });
  await service.caughtUp(account);
  return { userId: account.userId, token: await service.tokenOf(account.userId) };
}

const edit = (client: HttpClient, body: object, ifMatch: string) =>
  client.patch('/v1/users/me', body, { headers: { 'if-match': ifMatch } });

describe('with the cache', () => {
  it('a second read needs no database', async () => {
    const { userId, token } = await person();
    await http.as(token).get('/v1/users/me');
    await waitFor(() => cache.get(keyOf(userId)));
    // Nobody but this spec writes so; what is answered must be the copy.
    await execute(service.db, `update profiles set display_name = 'Other' where user_id = $1`, [userId]);

    expect((await http.as(token).get('/v1/users/me')).body.displayName).toBe('Ada');
    expect((await http.as(await service.tokenOf(uuidv7())).get(`/v1/users/${userId}`)).body).toMatchObject({
      displayName: 'Ada',
    });
  });

  it('names that come from the registration are seen at once', async () => {
    const account = await service.announce();
    await service.caughtUp(account);
    const client = http.as(await service.tokenOf(account.userId));
    await client.get('/v1/users/me');
    await waitFor(() => cache.get(keyOf(account.userId)));
    const initialProfile = { displayName: 'Ada' };
    await service.caughtUp(await service.announce({ ...account, version: 2, initialProfile }));

    expect((await client.get('/v1/users/me')).body).toMatchObject({ displayName: 'Ada', version: 2 });
  });

  it('a copy whose invalidation was lost costs one refused edit, not every one', async () => {
    const { userId, token } = await person();
    const client = http.as(token);
    const old = (await client.get('/v1/users/me')).body;
    await edit(client, { bio: 'new' }, '"v2"');
    await redis.client.del(keyOf(userId));
    await cache.setIfNewer(keyOf(userId), 2, old, 60);
    expect((await client.get('/v1/users/me')).headers.get('etag')).toBe('"v2"');

    expect((await edit(client, { bio: 'newer' }, '"v2"')).status).toBe(412);
    const { headers } = await client.get('/v1/users/me');
    expect(headers.get('etag')).toBe('"v3"');
    expect((await edit(client, { bio: 'newer' }, '"v3"')).status).toBe(200);
  });
});

describe('without Redis', () => {
  it('reads and edits go on, and the service stays ready', async () => {
    const { app, client: alone } = await service.startApp({ REDIS_URL: 'redis://127.0.0.1:1' });
    const { userId, token } = await person();
    const client = alone.as(token);

    expect((await client.get('/v1/users/me')).status).toBe(200);
    expect((await edit(client, { displayName: 'Countess' }, '"v2"')).status).toBe(200);
    expect((await client.get(`/v1/users/${userId}`)).body.displayName).toBe('Countess');
    for (const { check } of app.get(HealthRegistry).of('ready')) await check();
  });
});
