import type { TopicDefinition } from '@nest-arch/contracts';
import type { Admin } from '../kafka/kafka-client.js';
import type { PartitionId } from './incoming.js';

/** Where a group stands in a partition, and where the partition begins and ends. */
export interface Standing extends PartitionId {
  /** The next record to read; undefined when the group has committed nothing there. */
  committed: bigint | undefined;
  start: bigint;
  end: bigint;
}

/** Of every partition of these topics. Names of topics are without prefix. */
export async function standings(
  admin: Admin,
  reader: { groupId: string; topics: string[]; topicPrefix: string },
): Promise<Standing[]> {
  const { groupId, topics, topicPrefix } = reader;
  const committed = await admin.fetchOffsets({ groupId, topics: topics.map((topic) => topicPrefix + topic) });
  const lists = await Promise.all(
    committed.map(async ({ topic, partitions }) => {
      const bounds = await admin.fetchTopicOffsets(topic);
      return bounds.map(({ partition, low, high }) => {
        const offset = partitions.find((each) => each.partition === partition)?.offset ?? '-1';
        const at = BigInt(offset);
        return {
          topic: topic.slice(topicPrefix.length),
          partition,
          committed: at < 0n ? undefined : at,
          start: BigInt(low),
          end: BigInt(high),
        };
      });
    }),
  );
  return lists.flat().sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
}

/** The next record is not in the log: deleted before the group had read it, or from before the topic was made anew. */
export function isStranded({ committed, start, end }: Standing): boolean {
  return committed !== undefined && (committed < start || committed > end);
}

/** How many records were deleted unread. */
export function lostRecords({ committed, start }: Standing): number {
  return committed !== undefined && committed < start ? Number(start - committed) : 0;
}

/** Why the group must not go on, and the command for it; undefined when it may. */
export function judgeStandings(
  all: Standing[],
  { name, topics }: { name: string; topics: readonly TopicDefinition[] },
): string | undefined {
  const reasons = topics
    .filter(({ onLoss }) => onLoss === 'refuse')
    .flatMap(({ name: topic }) => {
      const stranded = all.filter((each) => each.topic === topic && isStranded(each));
      return stranded.length === 0 ? [] : [reasonOf(name, topic, stranded)];
    });
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

function reasonOf(name: string, topic: string, stranded: Standing[]): string {
  const lost = stranded.reduce((sum, each) => sum + lostRecords(each), 0);
  const where = stranded.map(({ partition }) => partition).join(', ');
  const what =
    lost > 0
      ? `${lost} records of ${topic} (partition ${where}) were deleted before the group had read them`
      : `the group stands behind the end of ${topic} (partition ${where}), which was made anew or has lost its end`;
  return `${what}; it stays where it is until somebody decides: ${remedyOf(name, topic)}`;
}

/** A declared projection's group is called `<app>.<name>`. What it has missed it can read again from the start. */
export function isProjection(group: string): boolean {
  return group.includes('.');
}

/** The way out of a gap for a projection, of whichever generation. */
export function rebuildCommand(group: string): string {
  return `npm run events -- replay --projection ${group.replace(/\.r\d+$/, '')} --from beginning`;
}

function remedyOf(name: string, topic: string): string {
  return isProjection(name)
    ? rebuildCommand(name)
    : `npm run events -- offsets skip --group ${name} --topic ${topic}`;
}
