import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { RedisClient } from '@nest-arch/platform';
import type { Redis } from 'ioredis';
import { z } from 'zod';

export type HintListener = (userId: string, sequence: number) => void;

const channel = 'notification:inbox';
const hint = z.object({ userId: z.uuid(), sequence: z.int() });

/**
 * Tells every replica that a person's inbox has moved. Only a hint: it may be lost, doubled or late, and whoever acts on
 * it reads the database. Within this process it does not need Redis.
 */
@Injectable()
export class InboxHints implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Inbox');
  private readonly listeners = new Set<HintListener>();
  private subscriber: Redis | undefined;
  private publishing = true;

  constructor(private readonly redis: RedisClient) {}

  onApplicationBootstrap(): void {
    this.subscriber = this.redis.connect({ subscriber: true });
    this.subscriber.on('message', (_channel: string, text: string) => this.receive(text));
    this.subscriber
      .subscribe(channel)
      .catch(() => this.logger.warn('No hints from Redis; the inbox is polled'));
  }

  beforeApplicationShutdown(): void {
    this.subscriber?.disconnect();
  }

  onHint(listener: HintListener): void {
    this.listeners.add(listener);
  }

  /** To be called after the commit. */
  publish(userId: string, sequence: number): void {
    this.tell(userId, sequence);
    this.redis.client.publish(channel, JSON.stringify({ userId, sequence })).then(
      () => (this.publishing = true),
      () => {
        // Said once an outage, not once a message.
        if (this.publishing) this.logger.warn('No hints to Redis; other replicas find out by polling');
        this.publishing = false;
      },
    );
  }

  private receive(text: string): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return;
    }
    const { data } = hint.safeParse(parsed);
    if (data) this.tell(data.userId, data.sequence);
  }

  private tell(userId: string, sequence: number): void {
    for (const listener of this.listeners) listener(userId, sequence);
  }
}
