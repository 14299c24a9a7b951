import { subscriptions, topics, type TopicDefinition } from '@nest-arch/contracts';
import { ConfigResourceTypes, createKafka, type Admin } from '../kafka/kafka-client.js';
import { deadLetterTopic } from './names.js';

export interface CreateTopicsOptions {
  brokers: string[];
  /** Put before every name. */
  prefix?: string;
  /** Which group reads what; their dead-letter topics follow from it. Default: the contracts' subscriptions. */
  groups?: Readonly<Record<string, readonly TopicDefinition[]>>;
  /** Default: all of the contracts. */
  only?: readonly TopicDefinition[];
  /** Copies of each record. Default: 3, or as many as there are brokers. */
  replicationFactor?: number;
}

export interface TopicChanges {
  created: string[];
  /** Topics whose settings were put right. */
  corrected: string[];
  /** Topics with fewer partitions than declared; raising them breaks the order per key, so it is left to people. */
  tooFewPartitions: string[];
}

interface Wanted {
  name: string;
  partitions: number;
  configs: Record<string, string>;
}

/** Creates what is missing and corrects settings that differ; run as often as you like. */
export async function createTopics(options: CreateTopicsOptions): Promise<TopicChanges> {
  const admin = createKafka({
    brokers: options.brokers,
    clientId: 'topics',
    requestTimeoutMs: 30_000,
    retries: 5,
  }).admin();
  await admin.connect();
  try {
    const copies = options.replicationFactor ?? Math.min(3, (await admin.describeCluster()).brokers.length);
    const wanted = wantedTopics(options, copies);
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) await create(admin, missing, copies);
    const present = wanted.filter(({ name }) => existing.has(name));
    return {
      created: missing.map(({ name }) => name),
      corrected: await correct(admin, present),
      tooFewPartitions: await findTooSmall(admin, present),
    };
  } finally {
    await admin.disconnect();
  }
}

function wantedTopics(options: CreateTopicsOptions, copies: number): Wanted[] {
  const { prefix = '', groups = subscriptions, only = Object.values(topics) } = options;
  // Two copies must have a record before it counts, so that one broker may die at any time.
  const durable: Record<string, string> = copies >= 3 ? { 'min.insync.replicas': '2' } : {};
  const own = only.map(({ name, partitions, configs }) => ({
    name: prefix + name,
    partitions,
    configs: { ...configs, ...durable },
  }));
  const letters = Object.entries(groups).flatMap(([group, read]) =>
    read
      .filter((topic) => only.includes(topic))
      .map((topic) => ({
        name: prefix + deadLetterTopic(topic.name, group),
        partitions: 1,
        configs: { ...deadLetterConfigs(topic), ...durable },
      })),
  );
  return [...own, ...letters];
}

function deadLetterConfigs(topic: TopicDefinition): Record<string, string> {
  return {
    'message.timestamp.type': 'LogAppendTime',
    'cleanup.policy': 'delete',
    'retention.ms': String(topic.dlqRetentionMs),
    'segment.ms': String(Math.floor(topic.dlqRetentionMs / 4)),
  };
}

async function create(admin: Admin, missing: Wanted[], replicationFactor: number): Promise<void> {
  await admin.createTopics({
    // kafkajs gives up when a broker has not heard of the topic yet, which under KRaft is normal for a moment.
    waitForLeaders: false,
    timeout: 30_000,
    topics: missing.map(({ name, partitions, configs }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: toEntries(configs),
    })),
  });
  await waitForLeaders(
    admin,
    missing.map(({ name }) => name),
  );
}

async function waitForLeaders(admin: Admin, names: string[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: names });
      if (found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error('Topics were created, but have no leaders after 30 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * kafkajs has only the older AlterConfigs request, which replaces a topic's whole set of settings; so what somebody else
 * has set there is read and sent along.
 */
async function correct(admin: Admin, present: Wanted[]): Promise<string[]> {
  if (present.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map(({ name }) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  const changes = resources.flatMap(({ resourceName, configEntries }) => {
    const wanted = present.find(({ name }) => name === resourceName)?.configs ?? {};
    const actual = new Map(configEntries.map((entry) => [entry.configName, entry.configValue]));
    if (Object.entries(wanted).every(([name, value]) => actual.get(name) === value)) return [];
    const set = configEntries
      .filter(isSetOnTopic)
      .map((entry) => [entry.configName, entry.configValue] as const);
    return [{ name: resourceName, configs: { ...Object.fromEntries(set), ...wanted } }];
  });
  if (changes.length > 0) {
    await admin.alterConfigs({
      validateOnly: false,
      resources: changes.map(({ name, configs }) => ({
        type: ConfigResourceTypes.TOPIC,
        name,
        configEntries: toEntries(configs),
      })),
    });
  }
  return changes.map(({ name }) => name);
}

// 1 is DYNAMIC_TOPIC_CONFIG in Kafka's protocol: set on this topic, not inherited.
function isSetOnTopic(entry: { configSource: number; isSensitive: boolean }): boolean {
  return entry.configSource === 1 && !entry.isSensitive;
}

async function findTooSmall(admin: Admin, present: Wanted[]): Promise<string[]> {
  if (present.length === 0) return [];
  const metadata = await admin.fetchTopicMetadata({ topics: present.map(({ name }) => name) });
  return metadata.topics
    .filter(({ name, partitions }) => {
      const wanted = present.find((topic) => topic.name === name);
      return wanted !== undefined && partitions.length < wanted.partitions;
    })
    .map(({ name }) => name);
}

function toEntries(configs: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(configs).map(([name, value]) => ({ name, value }));
}
