import { leastOffsetsRetentionMinutes, type TopicPlan } from './topic-plan.js';

export interface PlanText {
  /** What `apply` does. */
  will: string[];
  /** What it leaves to people, each with what to do about it. */
  cannot: string[];
  /** What speaks for and against raising partitions; empty when none are to be raised. */
  warning: string[];
  /** What is worth knowing about the brokers; no difference of topics. */
  notes: string[];
}

/** The plan in lines for people. `raisePartitions`: as `apply --raise-partitions` would carry it out. */
export function describePlan(plan: TopicPlan, options: { raisePartitions?: boolean } = {}): PlanText {
  const raisable = plan.partitions.filter(isRaisable);
  const raise = options.raisePartitions ?? false;
  return {
    will: [
      ...plan.missing.map(
        ({ topic, replicationFactor }) =>
          `create ${topic.name}: ${count(topic.partitions, 'partition')}, ${count(replicationFactor, 'copy')}`,
      ),
      ...plan.settings.map(
        ({ topic, setting, found, wanted, tolerated }) =>
          `correct ${topic}: ${setting} ${amount(setting, found)} → ${amount(setting, wanted)}${
            tolerated ? ' (services work with either)' : ''
          }`,
      ),
      ...(raise ? raisable : []).map(
        ({ topic, found, wanted }) => `raise ${topic}: ${found} → ${wanted} partitions`,
      ),
    ],
    cannot: [
      ...plan.partitions.filter((each) => !raise || !isRaisable(each)).map(partitionLine),
      ...plan.replication.map(
        ({ topic, found, wanted }) =>
          `${topic} has ${count(found, 'copy')}, should have ${wanted}: kafka-reassign-partitions moves data between brokers; then run this again`,
      ),
      ...plan.undeclared.map(
        (topic) =>
          `${topic} is declared by nobody: kafka-topics --delete removes it with all that it holds, if nobody reads it any more`,
      ),
    ],
    warning: raisable.length > 0 ? orderWarning : [],
    notes: plan.offsetsRetentionMinutes === undefined ? [] : [offsetsNote(plan.offsetsRetentionMinutes)],
  };
}

export function isRaisable({ kind, found, wanted }: TopicPlan['partitions'][number]): boolean {
  return kind === 'event' && found < wanted;
}

const orderWarning = [
  'Raising partitions moves keys: from then on the records of one person go to another partition than before.',
  'What breaks: the order of events per person across that moment. Records from before and after are read side by side,',
  '  and until every producer has looked at the topic again (up to 5 minutes) both partitions still get new ones.',
  'When it is safe: the service that owns the topic is stopped, and every group has read it to the end',
  '  (npm run events -- offsets list --group <group> shows nothing unread). Raise, then start the service. Lowering is impossible.',
];

function offsetsNote(minutes: number): string {
  return (
    `The brokers forget where a group stands ${minutes / 1440} days after its last member has left (offsets.retention.minutes=${minutes}). ` +
    `A service that is away for longer cannot tell any more whether it has missed records: set at least ${leastOffsetsRetentionMinutes}`
  );
}

function partitionLine({ topic, kind, found, wanted }: TopicPlan['partitions'][number]): string {
  if (found > wanted)
    return `${topic} has ${count(found, 'partition')}, declared are ${wanted}: partitions are never lowered; declare ${found}`;
  if (kind === 'event')
    return `${topic} has ${count(found, 'partition')}, declared are ${wanted}: only with --raise-partitions`;
  return (
    `${topic} has ${count(found, 'partition')}, declared are ${wanted}: never raised, for it is compacted. A person's old record ` +
    'would stay in its old partition for ever, out of reach of the tombstone. Declare a new version of the topic instead'
  );
}

function count(number: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${number} ${number === 1 ? noun : plural}`;
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** Milliseconds with the same in the largest unit that has no remainder. */
function amount(setting: string, value: string): string {
  const ms = Number(value);
  const unit = units.find(([size]) => ms > 0 && ms % size === 0);
  if (!setting.endsWith('.ms') || !unit) return value;
  return `${value} (${ms / unit[0]} ${unit[1]})`;
}
