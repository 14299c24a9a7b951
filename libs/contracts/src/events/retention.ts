import type { TopicDefinition } from './topics.js';

/** How long a topic keeps its records. */
export type Retention =
  /** Every record, for this time. */
  | { readonly class: 'time'; readonly ms: number }
  /** The last record of every key for ever; a tombstone for `tombstoneMs`, then nothing is left of the key. */
  | { readonly class: 'last-per-key'; readonly tombstoneMs: number };

/** The retention class of a topic, and with it of its records. It follows from the topic's settings. */
export function retentionOf(topic: TopicDefinition): Retention {
  return topic.kind === 'state'
    ? { class: 'last-per-key', tombstoneMs: Number(topic.configs['delete.retention.ms']) }
    : { class: 'time', ms: Number(topic.configs['retention.ms']) };
}

/** The retention class in words, for people: "14 days", "the last record of every user, for ever". */
export function retentionText(topic: TopicDefinition): string {
  const retention = retentionOf(topic);
  if (retention.class === 'time') return durationText(retention.ms);
  if (!topic.tombstones) return 'the last record of every user, for ever';
  return `the last record of every user until it is deleted; the tombstone that deletes it for ${durationText(retention.tombstoneMs)}`;
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** `1209600000` is "14 days": in the largest unit that divides it. */
export function durationText(ms: number): string {
  const fitting = units.filter(([, size]) => ms % size === 0);
  const [unit, size] = fitting[0] ?? ['millisecond', 1];
  const count = ms / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
