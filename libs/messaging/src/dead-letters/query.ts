import { subscriptions } from '@nest-arch/contracts';
import { deadLetterTopic } from '../topics/names.js';
import type { DeadLetter, Position } from './dead-letter.js';
import { compare } from './open-letters.js';

export interface DeadLetterQuery {
  /** Default: every group of the contracts. */
  groups?: readonly string[] | undefined;
  /** Only letters of records from these topics. */
  topics?: readonly string[] | undefined;
  limit: number;
  /** The end of the page before. */
  after?: Position | undefined;
}

export interface DeadLetterPage {
  items: DeadLetter[];
  /** Give it as `after` of the next page; null: this was the last one. */
  next: Position | null;
}

/** The dead-letter topics that a query is about, in the order of a list. */
export function topicsOf({
  groups = Object.keys(subscriptions),
  topics: from,
}: Pick<DeadLetterQuery, 'groups' | 'topics'>): string[] {
  const names = groups.flatMap((group) => {
    const known = subscriptions[group]?.map((topic) => topic.name as string);
    // A group that the contracts do not name can be asked for by its topics.
    const read = known?.filter((name) => from?.includes(name) ?? true) ?? from ?? [];
    return read.map((topic) => deadLetterTopic(topic, group));
  });
  return [...new Set(names)].sort(compare);
}

/** Where a partition is read from when a list goes on after a position. */
export function startOf(at: { topic: string; partition: number }, after: Position | null) {
  if (!after || at.topic !== after.topic || at.partition > after.partition) return 'beginning';
  return at.partition < after.partition ? 'skip' : BigInt(after.offset) + 1n;
}

export function positionOf({ topic, partition, offset }: Position): Position {
  return { topic, partition, offset };
}
