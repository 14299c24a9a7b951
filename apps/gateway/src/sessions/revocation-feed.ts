import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { sessionRevokedV1, topics } from '@nest-arch/contracts';
import { BroadcastConsumer, type BroadcastRecord } from '@nest-arch/messaging/broadcast';
import { HealthRegistry } from '@nest-arch/platform';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { watchFeed } from './metrics.js';
import { type Revocation, Revocations } from './revocations.js';

const sweepMs = 60_000;

/** Keeps the revocations of this process up to date from their topic, which it reads whole at its start. */
@Injectable()
export class RevocationFeed implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Revocations');
  private readonly revocations = new Revocations();
  private readonly listeners: ((revocation: Revocation) => void)[] = [];
  private readonly consumer: BroadcastConsumer;
  private readonly startedAt = Date.now();
  private readonly trustMs: number;
  private caughtUp = false;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly health: HealthRegistry,
  ) {
    this.trustMs = config.REVOCATION_TRUST_SECONDS * 1000;
    this.consumer = new BroadcastConsumer({
      brokers: config.KAFKA_BROKERS,
      app: 'gateway',
      topics: [topics.revocations.name],
      topicPrefix: config.KAFKA_TOPIC_PREFIX,
      from: 'beginning',
      onRecord: (record) => this.take(record),
    });
  }

  onModuleInit(): void {
    this.consumer.start();
    void this.consumer.ready.then(() => {
      this.caughtUp = true;
      this.logger.log(`Caught up: ${this.revocations.size} revocations`);
    });
    this.sweeper = setInterval(() => this.sweep(), sweepMs).unref();
    this.health.register('revocations', () => this.assertUsable(), 'ready');
    watchFeed({ silentMs: () => this.consumer.silentMs, size: () => this.revocations.size });
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeper);
    await this.consumer.close();
  }

  /** True while memory may be believed: all of the topic was read, and the broker answers. */
  get isCurrent(): boolean {
    return this.caughtUp && this.consumer.silentMs < this.trustMs;
  }

  refuses = this.revocations.refuses.bind(this.revocations);

  /** Calls `listener` with each revocation as it comes. */
  onRevoked(listener: (revocation: Revocation) => void): void {
    this.listeners.push(listener);
  }

  // Not ready while a short wait would bring the topic; later the gateway works by asking auth.
  private assertUsable(): void {
    if (this.caughtUp || Date.now() - this.startedAt > this.trustMs) return;
    throw new Error(
      `Revocations are not read yet${this.consumer.trouble ? `: ${this.consumer.trouble}` : ''}`,
    );
  }

  private take({ type, data, timestamp, offset }: BroadcastRecord): void {
    if (type !== sessionRevokedV1.type) return;
    const parsed = sessionRevokedV1.readSchema.safeParse(data);
    if (!parsed.success) return this.logger.error(`The revocation at offset ${offset} cannot be read`);
    if (parsed.data.canary) return;
    this.revocations.add(parsed.data, timestamp);
    for (const listener of this.listeners) listener(parsed.data);
  }

  private sweep(): void {
    this.revocations.forgetBefore(Date.now() - 2 * this.config.ACCESS_TOKEN_TTL_SECONDS * 1000);
  }
}
