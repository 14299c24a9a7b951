/** `event` topics tell what happened and are kept for a time; `state` topics hold the last record of every key. */
export type TopicKind = 'event' | 'state';

export interface TopicDefinition {
  readonly name: string;
  readonly kind: TopicKind;
  /** The one service that writes to it. */
  readonly owner: string;
  /** What every record's key is. Order holds among the records of one key. */
  readonly key: 'user id';
  /** Whether a null value may stand in for the last record of a key: the person is gone. */
  readonly tombstones: boolean;
  /**
   * What a group does whose next record was deleted before it could read it: `refuse` to go on until a person decides, or
   * `skip`, where a record that old is worth nothing any more.
   */
  readonly onLoss: 'refuse' | 'skip';
  readonly partitions: number;
  /** Settings beside the broker's defaults, as Kafka spells them. */
  readonly configs: Readonly<Record<string, string>>;
  /** How long a dead letter of this topic is kept, in milliseconds. */
  readonly dlqRetentionMs: number;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Longest life of an access token, and what it is out of the box. Revocations are kept twice as long, so the services'
 * configurations allow no more: a token that outlived its revocation would be good again.
 */
export const accessTokenTtlSeconds = 600;

/** Broker time on every record: what reads it need not trust a producer's clock. */
const brokerTime = { 'message.timestamp.type': 'LogAppendTime' };

function eventTopic(
  name: string,
  retentionMs: number,
  more: Partial<Pick<TopicDefinition, 'partitions' | 'dlqRetentionMs' | 'onLoss'>> = {},
): TopicDefinition {
  return {
    name,
    kind: 'event',
    owner: ownerOf(name),
    key: 'user id',
    tombstones: false,
    onLoss: 'refuse',
    partitions: 8,
    dlqRetentionMs: 30 * day,
    ...more,
    configs: {
      ...brokerTime,
      'cleanup.policy': 'delete',
      'retention.ms': String(retentionMs),
      // A segment that is still open is never deleted, so it has to close well within the retention.
      'segment.ms': String(Math.min(Math.floor(retentionMs / 4), 7 * day)),
    },
  };
}

function stateTopic(
  name: string,
  { tombstones = true }: Partial<Pick<TopicDefinition, 'tombstones'>> = {},
): TopicDefinition {
  return {
    name,
    kind: 'state',
    owner: ownerOf(name),
    key: 'user id',
    tombstones,
    onLoss: 'refuse',
    partitions: 8,
    dlqRetentionMs: 30 * day,
    configs: {
      ...brokerTime,
      'cleanup.policy': 'compact',
      'segment.ms': String(hour),
      'max.compaction.lag.ms': String(6 * hour),
      'delete.retention.ms': String(7 * day),
    },
  };
}

/** Topic names begin with the service that owns them. */
function ownerOf(name: string): string {
  return name.split('.')[0] ?? name;
}

/** Every topic of the platform with its settings, by a short name of ours. */
export const topics = {
  userEvents: eventTopic('auth.user.events.v1', 14 * day),
  userState: stateTopic('auth.user.state.v1'),
  sessionEvents: eventTopic('auth.session.events.v1', 14 * day),
  // Every gateway reads this one whole at its start: few partitions, little to keep.
  revocations: eventTopic('auth.session.revocations.v1', 2 * accessTokenTtlSeconds * 1000, {
    partitions: 1,
    onLoss: 'skip',
  }),
  challenges: eventTopic('auth.challenges.v1', 48 * hour, {
    dlqRetentionMs: 48 * hour,
    onLoss: 'skip',
  }),
  // Outlives a restored backup: who was erased stays in it for ever.
  erasures: stateTopic('auth.user.erasures.v1', { tombstones: false }),
  profileEvents: eventTopic('profile.user.events.v1', 14 * day),
  profileState: stateTopic('profile.user.state.v1'),
  deliveryEvents: eventTopic('notification.delivery.events.v1', 14 * day),
  analyticsEvents: eventTopic('analytics.user.events.v1', 14 * day),
} as const satisfies Record<string, TopicDefinition>;
