import type { PartitionId } from '../consumer/incoming.js';
import type { Admin } from '../kafka/kafka-client.js';
import { projectionTopics } from './generation-reader.js';
import type { Projection } from './projection.js';

/** Where partitions ended when they were asked. */
export type Ends = readonly (PartitionId & { offset: bigint })[];

/** Ends of the projection's partitions, without those that hold nothing. */
export async function endsOf(admin: Admin, projection: Projection, topicPrefix: string): Promise<Ends> {
  const topics = projectionTopics(projection);
  const all = await Promise.all(
    topics.map(async (topic) => {
      const bounds = await admin.fetchTopicOffsets(topicPrefix + topic);
      return bounds
        .filter(({ low, high }) => low !== high)
        .map(({ partition, high }) => ({ topic, partition, offset: BigInt(high) }));
    }),
  );
  return all.flat();
}

/** Whether everything before these ends is done. `positionOf` answers the offset behind the last record that is done. */
export function reached(ends: Ends, positionOf: (id: PartitionId) => bigint | undefined): boolean {
  return ends.every((end) => (positionOf(end) ?? -1n) >= end.offset);
}

/** Asks every few milliseconds until the answer is true; false when the time is up before. */
export async function holds(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
