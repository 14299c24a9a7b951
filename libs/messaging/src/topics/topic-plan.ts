import type { DeclaredTopic } from './declared-topics.js';
import type { FoundTopic } from './found-topics.js';
import { differences, type Difference } from './setting-rules.js';

/** Where the brokers differ from what is declared. Names are with prefix. */
export interface TopicPlan {
  missing: { topic: DeclaredTopic; replicationFactor: number }[];
  settings: Difference[];
  partitions: { topic: string; kind: DeclaredTopic['kind']; found: number; wanted: number }[];
  replication: { topic: string; found: number; wanted: number }[];
  /** Topics with names like ours that nobody declares. */
  undeclared: string[];
  /** Set when the brokers forget a group's offsets too early. No matter of topics, so a plan with it may be empty. */
  offsetsRetentionMinutes?: number;
}

/** As long as the inbox recognises repeats: a group that was away for longer has to begin anew in any case. */
export const leastOffsetsRetentionMinutes = 45 * 24 * 60;

export interface ClusterView {
  brokers: number;
  /** Every topic's name. */
  names: string[];
  /** Those that are declared and there. */
  found: FoundTopic[];
  offsetsRetentionMinutes?: number | undefined;
}

export interface PlanOptions {
  prefix: string;
  /** Copies of each record. Default: 3, or as many as there are brokers. */
  replicationFactor?: number | undefined;
}

/** Compares. Nothing here talks to a broker. */
export function comparePlan(
  declared: DeclaredTopic[],
  cluster: ClusterView,
  { prefix, replicationFactor }: PlanOptions,
): TopicPlan {
  const copies = replicationFactor ?? Math.min(3, cluster.brokers);
  const present = declared.flatMap((topic) => {
    const found = cluster.found.find(({ name }) => name === topic.name);
    return found ? [{ topic, found }] : [];
  });
  const { offsetsRetentionMinutes: kept = Infinity } = cluster;
  return {
    ...(kept < leastOffsetsRetentionMinutes && { offsetsRetentionMinutes: kept }),
    missing: declared
      .filter(({ name }) => !cluster.names.includes(name))
      .map((topic) => ({ topic, replicationFactor: copies })),
    settings: present.flatMap(({ topic, found }) => differences(topic, found)),
    partitions: present
      .filter(({ topic, found }) => topic.partitions !== found.partitions)
      .map(({ topic, found }) => ({
        topic: topic.name,
        kind: topic.kind,
        found: found.partitions,
        wanted: topic.partitions,
      })),
    replication: present
      .filter(({ found }) => found.replicationFactor < copies)
      .map(({ topic, found }) => ({ topic: topic.name, found: found.replicationFactor, wanted: copies })),
    undeclared: undeclaredTopics(declared, cluster.names, prefix),
  };
}

export function isEmptyPlan(plan: TopicPlan): boolean {
  return Object.values(plan).every((list: unknown) => !Array.isArray(list) || list.length === 0);
}

/** Ours are called `<service>.<subject>…v<number>`, with the dead letters of a group behind it. */
function undeclaredTopics(declared: DeclaredTopic[], names: string[], prefix: string): string[] {
  const known = new Set(declared.map(({ name }) => name));
  const services = new Set(declared.map(({ name }) => name.slice(prefix.length).split('.')[0]));
  return names
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .filter((name) => {
      const own = name.slice(prefix.length);
      return services.has(own.split('.')[0]) && /\.v\d+(\..+\.dlq)?$/.test(own);
    })
    .sort();
}
