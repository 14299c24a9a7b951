import { heartbeatType, type TopicDefinition } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { createKafka } from '../kafka/kafka-client.js';
import type { Publisher } from '../outbox/publisher.js';
import { header } from '../wire/headers.js';
import type { WireRecord } from '../wire/wire-record.js';
import { stateMetrics } from './metrics.js';

export interface HeartbeatOptions {
  brokers: string[];
  appName: string;
  topicPrefix: string;
  publisher: Pick<Publisher, 'send'>;
  topics: readonly TopicDefinition[];
}

/**
 * One record on each partition of the state topics that this service owns. Kafka never compacts the segment that is being
 * written, and closes it only when something is appended: without this, the last thing said about a person stays in the log
 * until the next one is written to the partition, a tombstone after it or not.
 */
export class Heartbeats {
  constructor(private readonly options: HeartbeatOptions) {}

  /** Throws when a topic did not get its records; the others have theirs. */
  async beat(): Promise<void> {
    const failures: unknown[] = [];
    for (const { name } of this.options.topics) {
      try {
        const partitions = await this.partitionsOf(name);
        await this.options.publisher.send(partitions.map((partition) => this.record(name, partition)));
        stateMetrics.heartbeats.inc({ topic: name }, partitions.length);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  private async partitionsOf(topic: string): Promise<number[]> {
    const { brokers, appName, topicPrefix } = this.options;
    const admin = createKafka({ brokers, clientId: appName }).admin();
    try {
      await admin.connect();
      return (await admin.fetchTopicOffsets(topicPrefix + topic)).map(({ partition }) => partition);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  private record(topic: string, partition: number): WireRecord {
    const key = `heartbeat-${partition}`;
    const headers = {
      [header.specVersion]: '1.0',
      [header.id]: uuidv7(),
      [header.source]: `/nest-arch/${this.options.appName}`,
      [header.type]: heartbeatType,
      [header.subject]: key,
      [header.time]: new Date().toISOString(),
      [header.contentType]: 'application/json',
    };
    return { topic, partition, key, value: '{}', headers };
  }
}
