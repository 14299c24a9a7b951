import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { engines } from '@nest-arch/testing';
import { randomUUID } from 'node:crypto';
import { highestVersion } from './cache-store.js';
import { RedisCacheStore } from './redis-cache-store.js';
import { RedisClient } from './redis-client.js';

describe('the cache on Redis', () => {
  let redis: RedisClient;
  let cache: RedisCacheStore;

  beforeAll(async () => {
    redis = new RedisClient(engines.redisUrl);
    await new Promise((resolve) => redis.client.once('ready', resolve));
    cache = new RedisCacheStore(redis);
  });
  afterAll(() => redis.onApplicationShutdown());

  it('gives back what was put in', async () => {
    const key = randomUUID();
    expect(await cache.get(key)).toBeNull();
    expect(await cache.setIfNewer(key, 1, { name: 'Ada' }, 60)).toBe(true);
    expect(await cache.get(key)).toEqual({ name: 'Ada' });
  });

  it('refuses an older fill, also across the number of digits', async () => {
    const key = randomUUID();
    await cache.setIfNewer(key, 10, 'ten', 60);
    expect(await cache.setIfNewer(key, 9, 'nine', 60)).toBe(false);
    expect(await cache.get(key)).toBe('ten');
  });

  it('refuses a fill that was read before the invalidation, and takes a newer one', async () => {
    const key = randomUUID();
    await cache.setIfNewer(key, 3, 'three', 60);
    await cache.invalidate(key, 4);
    expect(await cache.get(key)).toBeNull();
    expect(await cache.setIfNewer(key, 3, 'three', 60)).toBe(false);
    expect(await cache.setIfNewer(key, 4, 'stale four', 60)).toBe(false);
    expect(await cache.setIfNewer(key, 5, 'five', 60)).toBe(true);
  });

  it('takes nothing more after the highest version', async () => {
    const key = randomUUID();
    await cache.invalidate(key, highestVersion);
    expect(await cache.setIfNewer(key, 999_999_999, 'back from the dead', 60)).toBe(false);
  });

  it('takes what it cannot read for a miss, and the next fill repairs it', async () => {
    const [garbled, foreign] = [randomUUID(), randomUUID()];
    await cache.setIfNewer(garbled, 7, 'seven', 60);
    await redis.client.hset(garbled, 'd', '{"name":');
    await redis.client.set(foreign, 'not a hash', 'EX', 60);

    expect(await cache.get(garbled)).toBeNull();
    expect(await cache.get(foreign)).toBeNull();
    expect(await cache.setIfNewer(garbled, 7, 'seven', 60)).toBe(true);
    expect(await cache.get(garbled)).toBe('seven');
  });

  it('misses and drops writes when Redis is away, without an error', async () => {
    const away = new RedisClient('redis://127.0.0.1:1');
    const broken = new RedisCacheStore(away);
    expect(await broken.get('x')).toBeNull();
    expect(await broken.setIfNewer('x', 1, 'x', 60)).toBe(false);
    await broken.invalidate('x', 1);
    away.onApplicationShutdown();
  });
});
