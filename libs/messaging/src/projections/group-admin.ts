import type { Admin } from '../kafka/kafka-client.js';
import type { Ends } from './progress.js';

// The brokers' code for a group that does not exist.
const groupIdNotFound = 69;
const attempts = 20;
const pauseMs = 500;

/** What a group has committed of these topics, without partitions for which there is nothing. Topics without prefix. */
export async function committedOf(
  admin: Admin,
  { groupId, topics, topicPrefix }: { groupId: string; topics: string[]; topicPrefix: string },
): Promise<Ends> {
  const committed = await admin.fetchOffsets({ groupId, topics: topics.map((topic) => topicPrefix + topic) });
  return committed.flatMap(({ topic, partitions }) =>
    partitions
      .map(({ partition, offset }) => ({
        topic: topic.slice(topicPrefix.length),
        partition,
        offset: BigInt(offset),
      }))
      .filter(({ offset }) => offset >= 0n),
  );
}

/** Deletes a group whose members are about to leave. False: they have not within ten seconds. */
export async function deleteGroup(admin: Admin, groupId: string): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const gone = await admin.deleteGroups([groupId]).then(() => true, isGone);
    if (gone) return true;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

function isGone(error: unknown): boolean {
  const { groups = [] } = (error ?? {}) as { groups?: { errorCode?: number }[] };
  return groups.some(({ errorCode }) => errorCode === groupIdNotFound);
}
