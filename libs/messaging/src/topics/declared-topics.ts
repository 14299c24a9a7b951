import { subscriptions, topics, type TopicDefinition, type TopicKind } from '@nest-arch/contracts';
import { deadLetterTopic } from './names.js';

/** A topic as it has to be: one of the contracts, or the dead letters of a group that reads one. */
export interface DeclaredTopic {
  /** With prefix. */
  name: string;
  kind: TopicKind;
  partitions: number;
  configs: Readonly<Record<string, string>>;
  /** Old records are worth nothing here, so they are not to be kept for longer either. */
  shortLived: boolean;
}

export interface Declaration {
  /** Put before every name. */
  prefix?: string;
  /** Which group reads what; their dead-letter topics follow from it. Default: the contracts' subscriptions. */
  groups?: Readonly<Record<string, readonly TopicDefinition[]>>;
  /** Default: all of the contracts. */
  only?: readonly TopicDefinition[];
}

/** The one list of topics: those of the contracts and the dead-letter topics of those who read them. */
export function declaredTopics(declaration: Declaration = {}): DeclaredTopic[] {
  const { prefix = '', groups = subscriptions, only = Object.values(topics) } = declaration;
  const letters = Object.entries(groups).flatMap(([group, read]) =>
    read
      .filter((topic) => only.some(({ name }) => name === topic.name))
      .map((topic) => declareDeadLetters(topic, group, prefix)),
  );
  return [...only.map((topic) => declare(topic, prefix)), ...letters];
}

export function declare(topic: TopicDefinition, prefix: string): DeclaredTopic {
  const { name, kind, partitions, configs, onLoss } = topic;
  return {
    name: prefix + name,
    kind,
    partitions,
    // Unless said otherwise, a limit by size of the broker's own would delete before the time is up.
    configs: { ...configs, ...(configs['cleanup.policy'] === 'delete' && { 'retention.bytes': '-1' }) },
    shortLived: onLoss === 'skip',
  };
}

export function declareDeadLetters(topic: TopicDefinition, group: string, prefix: string): DeclaredTopic {
  return {
    name: prefix + deadLetterTopic(topic.name, group),
    kind: 'event',
    partitions: 1,
    configs: {
      'message.timestamp.type': 'LogAppendTime',
      'cleanup.policy': 'delete',
      'retention.ms': String(topic.dlqRetentionMs),
      'retention.bytes': '-1',
      'segment.ms': String(Math.floor(topic.dlqRetentionMs / 4)),
    },
    shortLived: topic.onLoss === 'skip',
  };
}

/** The settings of a topic that has so many copies of each record. */
export function settingsOf(topic: DeclaredTopic, replicationFactor: number): Record<string, string> {
  // Two copies must have a record before it counts, so that one broker may die at any time. With fewer than three copies
  // the same rule would end all writing when one dies.
  return { ...topic.configs, ...(replicationFactor >= 3 && { 'min.insync.replicas': '2' }) };
}
