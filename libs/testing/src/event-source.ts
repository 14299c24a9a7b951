import { setTimeout as sleep } from 'node:timers/promises';
import type { EventDefinition } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { header, Publisher } from '@nest-arch/messaging';
import { engines } from './engines.js';

export interface SendOptions {
  /** The user's id. */
  key: string;
  /** Of the event; the same again is a duplicate. */
  id?: string;
  version?: number;
  /** Headers that differ from what our services write. */
  headers?: Record<string, string>;
}

/** Stands in for the other services: puts their records on the topics, in the order of the calls. */
export class EventSource {
  private readonly publisher: Publisher;
  private last: Promise<unknown> = Promise.resolve();

  constructor(topicPrefix: string) {
    const brokers = engines.kafkaBrokers.split(',');
    this.publisher = new Publisher({ brokers, clientId: 'spec', topicPrefix });
  }

  /** Resolves when Kafka has the record, with the event's id. `null` data is a tombstone. */
  async send<T>(event: EventDefinition<T>, data: T | null, options: SendOptions): Promise<string> {
    const { key, id = uuidv7(), version } = options;
    const headers = {
      [header.specVersion]: '1.0',
      [header.id]: id,
      [header.source]: '/nest-arch/spec',
      [header.type]: event.type,
      [header.subject]: key,
      [header.time]: new Date().toISOString(),
      [header.dataSchema]: event.dataschema,
      ...(version === undefined ? {} : { [header.version]: String(version) }),
      ...options.headers,
    };
    const value = data === null ? null : JSON.stringify(data);
    const sent = this.last.then(() => this.publish({ topic: event.topic.name, key, value, headers }));
    this.last = sent.catch(() => undefined);
    await sent;
    return id;
  }

  // A topic that has just been made may have no leader yet, and a broker under load may need a moment.
  private async publish(record: Parameters<Publisher['send']>[0][number]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.publisher.send([record]);
        return;
      } catch (error) {
        if (attempt === 10) throw error;
        await sleep(attempt * 50);
      }
    }
  }

  close(): Promise<void> {
    return this.publisher.close();
  }
}
