import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { engines, testKafkaPrefix } from '@nest-arch/testing';
import { ConfigResourceTypes, createKafka, type Admin } from '../kafka/kafka-client.js';
import { createTopics } from './create-topics.js';
import { describePlan } from './plan-text.js';
import { applyTopics, planTopics } from './topic-admin.js';
import { isEmptyPlan } from './topic-plan.js';

const prefix = testKafkaPrefix();
const brokers = engines.kafkaBrokers.split(',');
const only = [topics.userState, topics.challenges, topics.revocations];
const options = { brokers, prefix, only, groups: { mailer: [topics.challenges, topics.userState] } };
let admin: Admin;

beforeAll(async () => {
  admin = createKafka({ brokers, clientId: 'spec' }).admin();
  await admin.connect();
});
afterAll(() => admin.disconnect());

async function configsOf(name: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: prefix + name }],
  });
  return Object.fromEntries(
    resources[0]?.configEntries.map((each) => [each.configName, each.configValue]) ?? [],
  );
}

it('creates the topics of the contracts and the dead-letter topics of their readers, once', async () => {
  const first = await createTopics(options);
  expect(first.created.sort()).toEqual(
    [
      'auth.challenges.v1',
      'auth.challenges.v1.mailer.dlq',
      'auth.session.revocations.v1',
      'auth.user.state.v1',
      'auth.user.state.v1.mailer.dlq',
    ].map((name) => prefix + name),
  );
  expect(await createTopics(options)).toEqual({ created: [], corrected: [], tooFewPartitions: [] });
});

it('gives each its settings', async () => {
  const hour = 3_600_000;
  expect(await configsOf('auth.user.state.v1')).toMatchObject({
    'cleanup.policy': 'compact',
    'message.timestamp.type': 'LogAppendTime',
    'segment.ms': String(hour),
    'max.compaction.lag.ms': String(6 * hour),
    'delete.retention.ms': String(7 * 24 * hour),
  });
  expect(await configsOf('auth.challenges.v1')).toMatchObject({
    'retention.ms': String(48 * hour),
    'segment.ms': String(12 * hour),
  });
  expect(await configsOf('auth.challenges.v1.mailer.dlq')).toMatchObject({
    'retention.ms': String(48 * hour),
  });
  expect(await configsOf('auth.user.state.v1.mailer.dlq')).toMatchObject({ 'cleanup.policy': 'delete' });
});

it('puts settings right that somebody changed, and leaves those that are none of ours', async () => {
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: `${prefix}auth.user.state.v1`,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'max.message.bytes', value: '2000000' },
        ],
      },
    ],
  });
  expect((await createTopics(options)).corrected).toEqual([`${prefix}auth.user.state.v1`]);
  expect(await configsOf('auth.user.state.v1')).toMatchObject({
    'cleanup.policy': 'compact',
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': '2000000',
  });
});

it('reports a topic with fewer partitions than declared and leaves it alone', async () => {
  const wider = { ...topics.revocations, partitions: 4 };
  const { tooFewPartitions } = await createTopics({ ...options, only: [wider], groups: {} });
  expect(tooFewPartitions).toEqual([`${prefix}auth.session.revocations.v1`]);
});

it('plans without changing anything, and has nothing left to plan once applied', async () => {
  const wider = { ...options, only: options.only.map((topic) => ({ ...topic, partitions: 12 })) };
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: `${prefix}auth.challenges.v1`,
        configEntries: [{ name: 'retention.ms', value: '1000' }],
      },
    ],
  });
  const plan = await planTopics(wider);
  expect(await planTopics(wider)).toEqual(plan);
  const { will } = describePlan(plan, { raisePartitions: true });
  expect(will).toContain(`correct ${prefix}auth.challenges.v1: retention.ms 1000 (1 s) → 172800000 (2 d)`);
  expect(will).toContain(`raise ${prefix}auth.challenges.v1: 8 → 12 partitions`);

  await applyTopics(wider);
  const left = await planTopics(wider);
  expect(left.settings).toEqual([]);
  expect(left.partitions).toEqual(plan.partitions);

  await applyTopics({ ...wider, raisePartitions: true });
  // A compacted topic's are never raised.
  expect((await planTopics(wider)).partitions.map(({ topic }) => topic)).toEqual([
    `${prefix}auth.user.state.v1`,
  ]);
  expect(isEmptyPlan(await planTopics({ ...wider, only: [wider.only[1] as never] }))).toBe(false);
  const { partitions } = await planTopics(options);
  expect(partitions).toContainEqual(expect.objectContaining({ found: 12, wanted: 8 }));
});
