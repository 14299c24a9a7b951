import type { Consumer, Kafka } from './kafka-client.js';

/** With prefix, like the group. */
export interface OffsetMove {
  topic: string;
  partition: number;
  offset: string;
}

export interface MoveOptions {
  groupId: string;
  moves: OffsetMove[];
  /**
   * All that the group reads: Kafka forgets, after a time, offsets of topics to which no member of a living group has
   * subscribed, and for a moment we are its only member.
   */
  topics: string[];
}

const timeoutMs = 30_000;

/**
 * Commits offsets for a group in which nobody reads. kafkajs has no request for that from outside (its admin's setOffsets
 * waits for a fetch of 5 s), so this joins the group, reads nothing, commits and leaves.
 */
export async function moveOffsets(kafka: Kafka, { groupId, moves, topics }: MoveOptions): Promise<void> {
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: 10_000,
    maxWaitTimeInMs: 100,
    retry: { retries: 2, restartOnFailure: async () => false },
  });
  const joined = whenJoined(consumer, topics);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => undefined });
    await joined;
    await consumer.commitOffsets(moves);
  } finally {
    await consumer.disconnect();
  }
}

function whenJoined(consumer: Consumer, topics: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(
    () => reject(new Error(`not in the group after ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  consumer.on(consumer.events.GROUP_JOIN, () => {
    // Before the first fetch, which would fail where the record is gone.
    consumer.pause(topics.map((topic) => ({ topic })));
    resolve(undefined);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  promise.catch(() => undefined);
  return promise.finally(() => clearTimeout(timer));
}
