import { type TopicDefinition, topics } from './topics.js';

/**
 * Which consumer group reads which topics. From this follow the dead-letter topics (`<topic>.<group>.dlq`), the
 * access-control lists of a locked-down broker, and the picture in docs/events.md.
 */
export const subscriptions: Readonly<Record<string, readonly TopicDefinition[]>> = {
  auth: [
    topics.profileEvents,
    topics.profileState,
    topics.deliveryEvents,
    topics.analyticsEvents,
    topics.erasures,
  ],
  profile: [topics.userEvents, topics.userState, topics.erasures],
  notification: [topics.userEvents, topics.challenges, topics.erasures],
  'notification.contacts': [topics.userState, topics.profileState],
  analytics: [topics.userEvents, topics.sessionEvents, topics.erasures],
};

/**
 * What every process of an app reads for itself, whole and from the beginning, without a group's offsets: there are no dead
 * letters, and a restart begins anew.
 */
export const broadcasts: Readonly<Record<string, readonly TopicDefinition[]>> = {
  gateway: [topics.revocations],
};

/** Where a group puts what it cannot handle. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dlq`;
}
