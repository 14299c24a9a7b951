import { describe, expect, it } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { declaredTopics, settingsOf, type DeclaredTopic } from './declared-topics.js';
import type { FoundTopic } from './found-topics.js';
import { describePlan } from './plan-text.js';
import { demand, differences } from './setting-rules.js';
import { comparePlan, isEmptyPlan } from './topic-plan.js';

const prefix = 'p.';
const declared = declaredTopics({
  prefix,
  only: [topics.userEvents, topics.userState, topics.challenges],
  groups: { mailer: [topics.challenges] },
});
const topicOf = (name: string) => declared.find((topic) => topic.name === prefix + name) as DeclaredTopic;
const [events, state, challenges, letters] = [
  topicOf('auth.user.events.v1'),
  topicOf('auth.user.state.v1'),
  topicOf('auth.challenges.v1'),
  topicOf('auth.challenges.v1.mailer.dlq'),
];

/** The topic as declared, with what is to be otherwise. */
function found(topic: DeclaredTopic, other: Partial<FoundTopic> = {}): FoundTopic {
  const { name, partitions } = topic;
  const replicationFactor = other.replicationFactor ?? 1;
  const configs = { ...settingsOf(topic, replicationFactor), ...other.configs };
  return { name, partitions, replicationFactor, ownConfigs: configs, ...other, configs };
}

const plan = (list: FoundTopic[], { brokers = 1, more = [] as string[] } = {}) =>
  comparePlan(
    declared,
    { brokers, found: list, names: [...list.map(({ name }) => name), ...more] },
    { prefix },
  );
const asDeclared = (other: Partial<FoundTopic> = {}) => declared.map((topic) => found(topic, other));

it('is empty when everything is as declared', () => {
  expect(isEmptyPlan(plan(asDeclared()))).toBe(true);
});

it('says when brokers forget offsets too early, but counts it as no difference of topics', () => {
  const view = { brokers: 1, names: declared.map(({ name }) => name), found: asDeclared() };
  const short = comparePlan(declared, { ...view, offsetsRetentionMinutes: 10_080 }, { prefix });
  expect(isEmptyPlan(short)).toBe(true);
  expect(describePlan(short).notes).toEqual([
    expect.stringContaining('7 days after its last member has left'),
  ]);
  const long = comparePlan(declared, { ...view, offsetsRetentionMinutes: 64_800 }, { prefix });
  expect(describePlan(long).notes).toEqual([]);
});

it('creates what is missing with as many copies as there are brokers, three at most', () => {
  for (const [brokers, copies] of [
    [1, 1],
    [2, 2],
    [5, 3],
  ])
    expect(plan([], { brokers: brokers as number }).missing.map((each) => each.replicationFactor)).toEqual([
      copies,
      copies,
      copies,
      copies,
    ]);
  expect(describePlan(plan([], { brokers: 3 })).will).toContain(
    'create p.auth.challenges.v1.mailer.dlq: 1 partition, 3 copies',
  );
});

it('demands two copies in sync where there are three, and never where there are fewer', () => {
  expect(settingsOf(events, 3)).toMatchObject({ 'min.insync.replicas': '2' });
  // With one copy, it would end all writing to a topic from before the cluster grew.
  const grown = plan(asDeclared({ configs: { 'min.insync.replicas': '1' } }), { brokers: 3 });
  expect(grown.settings).toEqual([]);
  expect(grown.replication).toContainEqual({ topic: events.name, found: 1, wanted: 3 });
  const loose = differences(
    events,
    found(events, { replicationFactor: 3, configs: { 'min.insync.replicas': '1' } }),
  );
  expect(loose.map((each) => demand(events, each))).toEqual(['min.insync.replicas is 1, must be at least 2']);
});

it('says old and new of a setting that differs', () => {
  const { will } = describePlan(
    plan([...asDeclared().slice(1), found(events, { configs: { 'retention.ms': '3600000' } })]),
  );
  expect(will).toEqual(['correct p.auth.user.events.v1: retention.ms 3600000 (1 h) → 1209600000 (14 d)']);
});

it('raises partitions of event topics only when told so, and those of state topics never', () => {
  const few = plan(declared.map((topic) => found(topic, { partitions: 1 })));
  expect(describePlan(few).will).toEqual([]);
  const { will, cannot, warning } = describePlan(few, { raisePartitions: true });
  expect(will).toEqual([
    'raise p.auth.user.events.v1: 1 → 8 partitions',
    'raise p.auth.challenges.v1: 1 → 8 partitions',
  ]);
  expect(cannot).toEqual([
    expect.stringContaining('p.auth.user.state.v1 has 1 partition, declared are 8: never raised'),
  ]);
  expect(warning.join('\n')).toContain('the order of events per person');
});

it('leaves partitions beyond the declared to people', () => {
  const { will, cannot } = describePlan(plan(asDeclared({ partitions: 12 })), { raisePartitions: true });
  expect(will).toEqual([]);
  expect(cannot).toContain(
    'p.auth.user.events.v1 has 12 partitions, declared are 8: partitions are never lowered; declare 12',
  );
});

it('names topics of ours that nobody declares, and nobody else’s', () => {
  const more = [
    'p.auth.user.events.v0',
    'p.auth.challenges.v1.former.dlq',
    'p.orders.order.events.v1',
    'auth.user.events.v1',
    'p.auth.notes',
    '__consumer_offsets',
  ];
  expect(plan(asDeclared(), { more }).undeclared).toEqual([
    'p.auth.challenges.v1.former.dlq',
    'p.auth.user.events.v0',
  ]);
});

describe('a setting other than declared', () => {
  const cases: [string, DeclaredTopic, string, string, boolean][] = [
    ['a shorter retention', events, 'retention.ms', '1209599999', false],
    ['a longer retention', events, 'retention.ms', '1209600001', true],
    ['retention for ever', events, 'retention.ms', '-1', true],
    ['a limit by size', events, 'retention.bytes', '1073741824', false],
    ['a longer retention of one-time tokens', challenges, 'retention.ms', '172800001', false],
    ['a longer retention of their dead letters', letters, 'retention.ms', '-1', false],
    ['compaction of events', events, 'cleanup.policy', 'compact', false],
    ['deletion of states', state, 'cleanup.policy', 'compact,delete', false],
    ['tombstones that go early', state, 'delete.retention.ms', '86400000', false],
    ['tombstones that stay longer', state, 'delete.retention.ms', '1209600000', true],
    ['segments that stay open', state, 'segment.ms', '604800000', false],
    ['segments that close earlier', state, 'segment.ms', '60000', true],
    ['late compaction', state, 'max.compaction.lag.ms', '9223372036854775807', false],
    ['early compaction', state, 'max.compaction.lag.ms', '1000', true],
    ['the producers’ clocks', events, 'message.timestamp.type', 'CreateTime', false],
  ];
  it.each(cases)('%s: works or not', (_, topic, setting, value, tolerated) => {
    expect(differences(topic, found(topic, { configs: { [setting]: value } }))).toEqual([
      expect.objectContaining({ setting, found: value, tolerated }),
    ]);
  });
});
