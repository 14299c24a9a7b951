import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';

/**
 * The process's connection to Redis or Valkey. Commands fail at once while it is away (no queue that grows, no request
 * that hangs), and it comes back by itself. Nothing in Redis is truth, so no boot waits for it.
 */
@Injectable()
export class RedisClient implements OnApplicationShutdown {
  readonly client: Redis;

  constructor(readonly url: string) {
    this.client = this.connect();
  }

  /** A further connection, for subscriptions. The caller closes it. */
  connect(options: { subscriber?: boolean } = {}): Redis {
    const settings = options.subscriber
      ? { enableOfflineQueue: true, maxRetriesPerRequest: null }
      : { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 500 };
    const redis = new Redis(this.url, { ...settings, connectTimeout: 2_000 });
    redis.on('error', () => {}); // said by whoever needed it; without a listener the process would end
    redis.on('ready', () => Logger.debug('Connected to Redis', 'Redis'));
    return redis;
  }

  onApplicationShutdown(): void {
    this.client.disconnect();
  }
}
