import { Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { RedisClient } from './redis-client.js';
import { CacheStore, highestVersion, versionMarkTtlSeconds } from './cache-store.js';

// A hash per key: v = version, d = data (absent after an invalidation). Both scripts touch one key: cluster-safe.
// Versions are compared as padded text, because Lua numbers lose integers above 2^53 in their text form.
const setIfNewer = `
local known = redis.call('HGET', KEYS[1], 'v')
if known and known >= ARGV[1] and (known > ARGV[1] or redis.call('HEXISTS', KEYS[1], 'd') == 0) then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'd', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`;

const invalidate = `
local known = redis.call('HGET', KEYS[1], 'v')
redis.call('HDEL', KEYS[1], 'd')
if not known or known < ARGV[1] then redis.call('HSET', KEYS[1], 'v', ARGV[1]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`;

const requests = new Counter({
  name: 'cache_requests_total',
  help: 'Look-ups in the shared cache by outcome',
  labelNames: ['outcome'],
});

/** The cache port on Redis or Valkey. When the store is away, reads miss and writes are dropped. */
@Injectable()
export class RedisCacheStore extends CacheStore {
  private readonly logger = new Logger('Cache');
  private silentUntil = 0;

  constructor(private readonly redis: RedisClient) {
    super();
  }

  async get<T>(key: string): Promise<T | null> {
    const value = await this.attempt(
      async () => parse<T>(await this.redis.client.hget(key, 'd')),
      null,
      'error',
    );
    requests.inc({ outcome: value === null ? 'miss' : 'hit' });
    return value;
  }

  async setIfNewer(key: string, version: number, value: unknown, ttlSeconds: number): Promise<boolean> {
    const stored = await this.attempt(
      () => this.redis.client.eval(setIfNewer, 1, key, padded(version), JSON.stringify(value), ttlSeconds),
      0,
      'error',
    );
    return stored === 1;
  }

  async invalidate(key: string, version: number): Promise<void> {
    await this.attempt(
      () => this.redis.client.eval(invalidate, 1, key, padded(version), versionMarkTtlSeconds),
      0,
      'error',
    );
  }

  private async attempt<T>(work: () => Promise<T>, fallback: T, outcome: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      requests.inc({ outcome });
      this.warn(error);
      return fallback;
    }
  }

  // One line in ten seconds: an outage of the cache must not become an outage of the log.
  private warn(error: unknown): void {
    if (Date.now() < this.silentUntil) return;
    this.silentUntil = Date.now() + 10_000;
    this.logger.warn({ err: error }, 'The cache failed; reads go to the database');
  }
}

// JSON.parse quotes what it cannot read, and a value may be about a person: an error of our own goes to the log.
function parse<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    throw new Error('A value in the cache is not JSON');
  }
}

function padded(version: number): string {
  return String(Math.min(version, highestVersion)).padStart(16, '0');
}
