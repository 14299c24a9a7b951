import { setTimeout as sleep } from 'node:timers/promises';
import { sessionRevokedV1 } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { MESSAGING_OPTIONS, type MessagingOptions, Publisher, header } from '@nest-arch/messaging';
import { HealthRegistry } from '@nest-arch/platform';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Gauge } from 'prom-client';

const intervalMs = 1_000;
/** Beyond this, token times and expiries of this process are worth nothing. */
const maxSkewMs = 30_000;

const skewSeconds = new Gauge({
  name: 'auth_clock_skew_seconds',
  help: "This process's clock minus the broker's",
});

/**
 * Writes a record that revokes nothing once a second: gateways see by it that the topic moves and how late they are, and
 * this process compares its clock with the broker's. Not by the outbox, whose delay is none of its business. Every replica
 * does it; one would be enough.
 */
@Injectable()
export class RevocationCanary implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Canary');
  private readonly publisher: Publisher;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  /** Of the last record that the broker took; kept while it is away. */
  private skewMs = 0;

  constructor(
    @Inject(MESSAGING_OPTIONS) private readonly options: MessagingOptions,
    private readonly health: HealthRegistry,
  ) {
    const { brokers, appName, topicPrefix = '' } = options;
    this.publisher = new Publisher({ brokers, clientId: `${appName}-canary`, topicPrefix });
  }

  onApplicationBootstrap(): void {
    this.health.register('clock', () => this.assertClock(), 'ready');
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.publisher.close();
  }

  private async run(): Promise<void> {
    let isAway = false;
    while (!this.stopping.signal.aborted) {
      try {
        await this.beat();
        isAway = false;
      } catch (error) {
        if (!isAway) this.logger.warn({ err: error }, 'No canary: Kafka does not take records');
        isAway = true;
      }
      await sleep(intervalMs, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  private async beat(): Promise<void> {
    const before = Date.now();
    const [metadata] = await this.publisher.send([this.record(new Date(before))]);
    const brokerMs = Number(metadata?.logAppendTime ?? -1);
    if (brokerMs <= 0) return; // the topic does not stamp broker time; its settings are checked elsewhere
    // The broker stamped somewhere between our two readings of the clock.
    this.skewMs = (before + Date.now()) / 2 - brokerMs;
    skewSeconds.set(this.skewMs / 1000);
  }

  private record(now: Date) {
    const { topic, type, dataschema } = sessionRevokedV1;
    const headers = {
      [header.specVersion]: '1.0',
      [header.id]: uuidv7(),
      [header.source]: `/nest-arch/${this.options.appName}`,
      [header.type]: type,
      [header.subject]: 'canary',
      [header.time]: now.toISOString(),
      [header.dataSchema]: dataschema,
      [header.contentType]: 'application/json',
    };
    const value = JSON.stringify({ canary: true, revokedAt: now.toISOString() });
    return { topic: topic.name, key: 'canary', value, headers };
  }

  private assertClock(): void {
    if (Math.abs(this.skewMs) > maxSkewMs)
      throw new Error(`The clock differs from the broker's by ${Math.round(this.skewMs / 1000)} s`);
  }
}
