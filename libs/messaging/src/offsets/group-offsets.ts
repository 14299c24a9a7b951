import { subscriptions } from '@nest-arch/contracts';
import {
  isProjection,
  isStranded,
  rebuildCommand,
  standings,
  type Standing,
} from '../consumer/lost-records.js';
import { createKafka, type Admin } from '../kafka/kafka-client.js';
import { moveOffsets } from '../kafka/move-offsets.js';

export interface GroupOptions {
  brokers: string[];
  topicPrefix: string;
  /** Without prefix. */
  group: string;
}

/** Something that keeps a command from its work; its text is for the person who gave it. */
export class OffsetsError extends Error {}

/** Where the group stands in each partition of a topic, or of all that it reads. */
export async function listOffsets(
  options: GroupOptions & { topic?: string | undefined },
): Promise<Standing[]> {
  const topics = options.topic === undefined ? topicsOf(options.group) : [options.topic];
  if (topics.length === 0)
    throw new OffsetsError(`The contracts know no group ${options.group}: name the topic as well`);
  return withAdmin(options, (admin) => standingsOf(admin, options, topics));
}

/**
 * Where the group would go on in partitions of a topic whose next record is gone: at the start of what is left. Throws an
 * OffsetsError while members of the group read.
 */
export function findStranded(
  options: GroupOptions & { topic: string; partition?: number | undefined },
): Promise<Standing[]> {
  if (isProjection(options.group))
    throw new OffsetsError(
      `${options.group} is a projection: behind a gap it would be wrong for ever. Rebuild it: ${rebuildCommand(options.group)}`,
    );
  return withAdmin(options, async (admin) => {
    const { groups } = await admin.describeGroups([options.topicPrefix + options.group]);
    const state = groups[0]?.state ?? 'Dead';
    if (state !== 'Empty' && state !== 'Dead')
      throw new OffsetsError(
        `Group ${options.group} reads (${state}). One that refuses to go on has no members, so nothing needs to be skipped`,
      );
    const all = await standingsOf(admin, options, [options.topic]);
    return all.filter(
      (each) => isStranded(each) && (options.partition === undefined || each.partition === options.partition),
    );
  });
}

/** Lets the group go on at the start of each partition's log. */
export async function moveToStart(options: GroupOptions, stranded: Standing[]): Promise<void> {
  const { brokers, topicPrefix, group } = options;
  const topics = new Set([...topicsOf(group), ...stranded.map(({ topic }) => topic)]);
  await moveOffsets(createKafka({ brokers, clientId: 'offsets' }), {
    groupId: topicPrefix + group,
    topics: await withAdmin(options, async (admin) => {
      const existing = new Set(await admin.listTopics());
      return [...topics].map((topic) => topicPrefix + topic).filter((name) => existing.has(name));
    }),
    moves: stranded.map(({ topic, partition, start }) => ({
      topic: topicPrefix + topic,
      partition,
      offset: String(start),
    })),
  });
}

/** A projection's later generations are groups `<name>.r<number>`, which read the same. */
const generation = /\.r\d+$/;

function topicsOf(group: string): string[] {
  const read = subscriptions[group] ?? subscriptions[group.replace(generation, '')] ?? [];
  return read.map(({ name }) => name);
}

async function standingsOf(admin: Admin, options: GroupOptions, topics: string[]): Promise<Standing[]> {
  const { topicPrefix, group } = options;
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter((topic) => !existing.has(topicPrefix + topic));
  if (missing.length > 0) throw new OffsetsError(`There is no topic ${missing.join(', ')}`);
  return standings(admin, { groupId: topicPrefix + group, topics, topicPrefix });
}

async function withAdmin<T>({ brokers }: GroupOptions, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createKafka({ brokers, clientId: 'offsets', retries: 5 }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
