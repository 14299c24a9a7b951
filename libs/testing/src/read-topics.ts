import { BroadcastConsumer, type BroadcastRecord } from '@nest-arch/messaging/broadcast';
import type { TopicDefinition } from '@nest-arch/contracts';
import { engines } from './engines.js';

/** Everything that the topics hold now, each partition in its order. `at` is a prefix, or one on another Kafka. */
export async function readTopics(
  at: string | { prefix: string; brokers: string },
  ...topics: readonly Pick<TopicDefinition, 'name'>[]
): Promise<BroadcastRecord[]> {
  const { prefix, brokers } = typeof at === 'string' ? { prefix: at, brokers: engines.kafkaBrokers } : at;
  const records: BroadcastRecord[] = [];
  const consumer = new BroadcastConsumer({
    brokers: brokers.split(','),
    app: 'spec',
    topicPrefix: prefix,
    topics: topics.map(({ name }) => name),
    from: 'beginning',
    onRecord: (record) => records.push(record),
  });
  consumer.start();
  try {
    await consumer.ready;
    return records;
  } finally {
    await consumer.close();
  }
}
