import { ConfigResourceTypes, createKafka, type Admin } from '../kafka/kafka-client.js';
import { declaredTopics, settingsOf, type Declaration, type DeclaredTopic } from './declared-topics.js';
import { findTopics, offsetsRetentionMinutes, type FoundTopic } from './found-topics.js';
import { isRaisable } from './plan-text.js';
import { comparePlan, type TopicPlan } from './topic-plan.js';

export interface TopicAdminOptions extends Declaration {
  brokers: string[];
  /** Copies of each record. Default: 3, or as many as there are brokers. */
  replicationFactor?: number;
}

export interface ApplyOptions extends TopicAdminOptions {
  /** Also give event topics the partitions that are declared; it moves keys, see `describePlan`'s warning. */
  raisePartitions?: boolean;
}

/** What differs between the declared topics and the brokers'. Changes nothing. */
export function planTopics(options: TopicAdminOptions): Promise<TopicPlan> {
  return withAdmin(options, async (admin) => (await look(admin, options)).plan);
}

/**
 * Creates what is missing, corrects settings that differ, raises partitions if told so; run as often as you like. Never
 * deletes and never lowers. Answers the plan that was carried out.
 */
export function applyTopics(options: ApplyOptions): Promise<TopicPlan> {
  return withAdmin(options, async (admin) => {
    const { plan, declared, found } = await look(admin, options);
    if (plan.missing.length > 0) await create(admin, plan.missing);
    if (plan.settings.length > 0) await correct(admin, declared, { plan, found });
    const raised = options.raisePartitions ? plan.partitions.filter(isRaisable) : [];
    if (raised.length > 0) {
      await admin.createPartitions({
        timeout: 30_000,
        topicPartitions: raised.map(({ topic, wanted }) => ({ topic, count: wanted })),
      });
      await waitForLeaders(admin, new Map(raised.map(({ topic, wanted }) => [topic, wanted])));
    }
    return plan;
  });
}

async function withAdmin<T>({ brokers }: TopicAdminOptions, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createKafka({ brokers, clientId: 'topics', requestTimeoutMs: 30_000, retries: 5 }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function look(admin: Admin, options: TopicAdminOptions) {
  const declared = declaredTopics(options);
  const { brokers, controller } = await admin.describeCluster();
  const names = await admin.listTopics();
  const present = declared.map(({ name }) => name).filter((name) => names.includes(name));
  const found = await findTopics(admin, present);
  const { prefix = '', replicationFactor } = options;
  const plan = comparePlan(
    declared,
    {
      brokers: brokers.length,
      names,
      found,
      offsetsRetentionMinutes: await offsetsRetentionMinutes(admin, controller ?? brokers[0]?.nodeId ?? 0),
    },
    { prefix, replicationFactor },
  );
  return { plan, declared, found };
}

async function create(admin: Admin, missing: TopicPlan['missing']): Promise<void> {
  await admin.createTopics({
    // kafkajs gives up when a broker has not heard of the topic yet, which under KRaft is normal for a moment.
    waitForLeaders: false,
    timeout: 30_000,
    topics: missing.map(({ topic, replicationFactor }) => ({
      topic: topic.name,
      numPartitions: topic.partitions,
      replicationFactor,
      configEntries: toEntries(settingsOf(topic, replicationFactor)),
    })),
  });
  await waitForLeaders(admin, new Map(missing.map(({ topic }) => [topic.name, topic.partitions])));
}

/** Until every partition answers: a leader is named a moment before it knows that it is one. */
async function waitForLeaders(admin: Admin, partitionsOf: ReadonlyMap<string, number>): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const names = [...partitionsOf.keys()];
      const answered = await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
      if (names.every((name, index) => answered[index]?.length === partitionsOf.get(name))) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error('Topics were created, but do not answer after 30 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * kafkajs has only the older AlterConfigs request, which replaces a topic's whole set of settings; so what somebody else
 * has set there is read and sent along.
 */
async function correct(
  admin: Admin,
  declared: DeclaredTopic[],
  { plan, found }: { plan: TopicPlan; found: FoundTopic[] },
): Promise<void> {
  const differing = new Set(plan.settings.map(({ topic }) => topic));
  const changes = found.filter(({ name }) => differing.has(name));
  await admin.alterConfigs({
    validateOnly: false,
    resources: changes.map(({ name, ownConfigs, replicationFactor }) => {
      const topic = declared.find((each) => each.name === name);
      const wanted = topic ? settingsOf(topic, replicationFactor) : {};
      return {
        type: ConfigResourceTypes.TOPIC,
        name,
        configEntries: toEntries({ ...ownConfigs, ...wanted }),
      };
    }),
  });
}

function toEntries(configs: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(configs).map(([name, value]) => ({ name, value }));
}
