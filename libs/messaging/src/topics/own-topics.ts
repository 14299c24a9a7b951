import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { HealthRegistry } from '@nest-arch/platform';
import { topics } from '@nest-arch/contracts';
import { createKafka, type Kafka } from '../kafka/kafka-client.js';
import type { MessagingOptions } from '../options.js';
import { declare, type DeclaredTopic } from './declared-topics.js';
import { judgeSettings } from './topic-verdict.js';

export type OwnTopicsOptions = Pick<MessagingOptions, 'appName' | 'brokers' | 'topicPrefix' | 'relay'>;

const goodForMs = 60_000;
// Between looks while the verdict is bad, or the broker is away.
const retryMs = 3_000;

/**
 * Looks now and then whether the topics that this app writes to have the settings that the contracts declare. A broker that
 * is away leaves the last verdict, and so does a missing topic: its rows wait in the outbox.
 */
export class OwnTopics implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Topics');
  private readonly kafka: Kafka;
  private readonly declared: DeclaredTopic[];
  private readonly stopped = new AbortController();
  private wrong: string | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly options: OwnTopicsOptions,
    health: HealthRegistry,
  ) {
    const { brokers, appName, topicPrefix = '' } = options;
    this.kafka = createKafka({ brokers, clientId: appName });
    this.declared = Object.values(topics)
      .filter(({ owner }) => owner === appName)
      .map((topic) => declare(topic, topicPrefix));
    health.register('own topics', () => this.checkReady(), 'ready');
  }

  onApplicationBootstrap(): void {
    if (this.options.relay !== false && this.declared.length > 0) this.running ??= this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  /** Fails while settings are wrong. */
  checkReady(): void {
    if (this.wrong) throw new Error(this.wrong);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      const seen = await this.look();
      const waitMs = seen && !this.wrong ? goodForMs : retryMs;
      // Rejects at once when the stop came while it looked.
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** False when the broker did not answer. */
  private async look(): Promise<boolean> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      const existing = await admin.listTopics();
      const present = this.declared.filter(({ name }) => existing.includes(name));
      const wrong = await judgeSettings(admin, present);
      if (wrong && wrong !== this.wrong) this.logger.error(`Not ready: ${wrong}`);
      this.wrong = wrong;
      return true;
    } catch {
      // Whoever sends and reads says that the broker is away.
      return false;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }
}
