import { broadcasts, deadLetterTopic, subscriptions } from '../events/subscriptions.js';
import { durationText } from '../events/retention.js';
import { type TopicDefinition, topics } from '../events/topics.js';
import { messageNamesOf } from './messages.js';

const bindingVersion = '0.5.0';

/** The owner of each topic sends, each consumer group that our services have receives. */
export function operations(): Record<string, object> {
  const named = Object.entries(topics as Record<string, TopicDefinition>);
  const nameOf = (topic: TopicDefinition) => named.find(([, other]) => other.name === topic.name)?.[0] ?? '';
  return Object.fromEntries([
    ...named.map(([name, topic]) => [operationId(topic.owner, 'sends', name), sends(topic)] as const),
    ...pairs(subscriptions).map(
      ([group, topic]) => [operationId(group, 'receives', nameOf(topic)), receives(group, topic)] as const,
    ),
    ...pairs(broadcasts).map(
      ([app, topic]) => [operationId(app, 'receives', nameOf(topic)), receivesAlone(app, topic)] as const,
    ),
  ]);
}

function pairs(readers: Readonly<Record<string, readonly TopicDefinition[]>>): [string, TopicDefinition][] {
  return Object.entries(readers).flatMap(([reader, read]) =>
    read.map((topic): [string, TopicDefinition] => [reader, topic]),
  );
}

function sends(topic: TopicDefinition) {
  return {
    action: 'send',
    summary: `${topic.owner} announces, through its outbox.`,
    ...common(topic, topic.owner),
  };
}

function receives(group: string, topic: TopicDefinition) {
  const dlq = deadLetterTopic(topic.name, group);
  return {
    action: 'receive',
    summary: `Read by the consumer group ${group}.`,
    description: `What the group cannot handle goes to \`${dlq}\` and is kept for ${durationText(topic.dlqRetentionMs)}.`,
    ...common(topic, group),
    bindings: { kafka: { groupId: { type: 'string', enum: [group] }, bindingVersion } },
    'x-dead-letter-topic': dlq,
  };
}

function receivesAlone(app: string, topic: TopicDefinition) {
  return {
    action: 'receive',
    summary: `Read whole by every process of ${app}, from the beginning and without a place of its own.`,
    ...common(topic, app),
  };
}

function common(topic: TopicDefinition, tag: string) {
  return {
    channel: { $ref: `#/channels/${topic.name}` },
    messages: messageNamesOf(topic).map((name) => ({ $ref: `#/channels/${topic.name}/messages/${name}` })),
    tags: [{ name: tag }],
  };
}

/** `notification.contacts`, `receives`, `userState` → `notificationContactsReceivesUserState`. */
function operationId(who: string, verb: string, topic: string): string {
  const words = [...who.split('.'), verb, topic];
  return words
    .map((word, n) => (n === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join('');
}
