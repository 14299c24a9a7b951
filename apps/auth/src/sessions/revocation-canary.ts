import { setTimeout as sleep } from 'node:timers/promises';
import { sessionRevokedV1 } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { ClockSkew, MESSAGING_OPTIONS, type MessagingOptions, Publisher, header } from '@nest-arch/messaging';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

const intervalMs = 1_000;

/**
 * Writes a record that revokes nothing once a second: gateways see by it that the topic moves and how late they are, and
 * this process compares its clock with the broker's each time. Not by the outbox, whose delay is none of its business.
 * Every replica does it; one would be enough.
 */
@Injectable()
export class RevocationCanary implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Canary');
  private readonly publisher: Publisher;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    @Inject(MESSAGING_OPTIONS) private readonly options: MessagingOptions,
    clock: ClockSkew,
  ) {
    const { brokers, appName, topicPrefix = '' } = options;
    this.publisher = new Publisher({ brokers, clientId: `${appName}-canary`, topicPrefix, clock });
  }

  onApplicationBootstrap(): void {
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
        await this.publisher.send([this.record(new Date())]);
        isAway = false;
      } catch (error) {
        if (!isAway) this.logger.warn({ err: error }, 'No canary: Kafka does not take records');
        isAway = true;
      }
      await sleep(intervalMs, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
    }
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
}
