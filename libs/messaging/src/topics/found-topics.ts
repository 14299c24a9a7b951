import { ConfigResourceTypes, type Admin } from '../kafka/kafka-client.js';

/** A topic as the brokers have it. */
export interface FoundTopic {
  /** With prefix. */
  name: string;
  partitions: number;
  /** The least over its partitions. */
  replicationFactor: number;
  /** Those in force, inherited ones too. */
  configs: Record<string, string>;
  /** Those set on the topic itself. */
  ownConfigs: Record<string, string>;
}

/** Reads topics that exist. Throws what the broker says, such as a refusal by its access-control list. */
export async function findTopics(admin: Admin, names: string[]): Promise<FoundTopic[]> {
  if (names.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return topics.map(({ name, partitions }) => {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    return {
      name,
      partitions: partitions.length,
      replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      configs: toRecord(entries),
      ownConfigs: toRecord(entries.filter(isSetOnTopic)),
    };
  });
}

/** How long the brokers remember where a group without members stands; undefined when they do not say. */
export async function offsetsRetentionMinutes(admin: Admin, brokerId: number): Promise<number | undefined> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        {
          type: ConfigResourceTypes.BROKER,
          name: String(brokerId),
          configNames: ['offsets.retention.minutes'],
        },
      ],
    });
    const value = resources[0]?.configEntries[0]?.configValue;
    return value === undefined ? undefined : Number(value);
  } catch {
    // Managed clusters keep their brokers' settings to themselves.
    return undefined;
  }
}

// 1 is DYNAMIC_TOPIC_CONFIG in Kafka's protocol: set on this topic, not inherited.
function isSetOnTopic(entry: { configSource: number; isSensitive: boolean }): boolean {
  return entry.configSource === 1 && !entry.isSensitive;
}

function toRecord(entries: { configName: string; configValue: string }[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
}
