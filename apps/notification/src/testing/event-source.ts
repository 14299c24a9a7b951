import type { EventDefinition } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { header, Publisher } from '@nest-arch/messaging';
import { engines } from '@nest-arch/testing';

interface Sending {
  key: string;
  id?: string;
  version?: number;
}

/** Stands in for the other services: puts their records on the topics. */
export class EventSource {
  private readonly publisher: Publisher;
  private last: Promise<unknown> = Promise.resolve();

  constructor(topicPrefix: string) {
    this.publisher = new Publisher({
      brokers: engines.kafkaBrokers.split(','),
      clientId: 'spec',
      topicPrefix,
    });
  }

  /** Answers the event's id, so that a spec can send the same event again. */
  async send<T>(
    event: EventDefinition<T>,
    data: T | null,
    { key, id = uuidv7(), version }: Sending,
  ): Promise<string> {
    const record = {
      topic: event.topic.name,
      key,
      value: data === null ? null : JSON.stringify(event.schema.parse(data)),
      headers: {
        [header.id]: id,
        [header.source]: '/nest-arch/spec',
        [header.type]: event.type,
        [header.specVersion]: '1.0',
        [header.subject]: key,
        [header.time]: new Date().toISOString(),
        [header.dataSchema]: event.dataschema,
        [header.contentType]: 'application/json',
        ...(version === undefined ? {} : { [header.version]: String(version) }),
      },
    };
    const sent = this.last.then(() => this.publisher.send([record]));
    this.last = sent.catch(() => undefined);
    await sent;
    return id;
  }

  close(): Promise<void> {
    return this.publisher.close();
  }
}
