import { BroadcastConsumer, type BroadcastRecord } from '@nest-arch/messaging/broadcast';
import type { TopicDefinition } from '@nest-arch/contracts';
import { engines } from './engines.js';

/** Everything that the topics hold now, each partition in its order. */
export async function readTopics(
  topicPrefix: string,
  ...topics: readonly Pick<TopicDefinition, 'name'>[]
): Promise<BroadcastRecord[]> {
  const records: BroadcastRecord[] = [];
  const consumer = new BroadcastConsumer({
    brokers: engines.kafkaBrokers.split(','),
    app: 'spec',
    topicPrefix,
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
