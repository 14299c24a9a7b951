import { deadLetterId } from '@nest-arch/contracts';
import type { BroadcastRecord } from '../broadcast/broadcast-record.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import { header, type Headers } from '../wire/headers.js';

/** A record that a group could not handle and nobody has dealt with yet. */
export interface DeadLetter {
  /** `<dead-letter topic>:<partition>:<offset>`. */
  id: string;
  group: string;
  topic: string;
  partition: number;
  offset: string;
  key: string;
  type: string;
  eventId: string;
  reason: string;
  detail: string;
  attempts: number;
  at: string;
  headers: Headers;
  /** The record's value as JSON; null where it is not kept (state topics), undefined where it is no JSON. */
  data: unknown;
  /** The record's value as it came. */
  value: Buffer | null;
}

/** What became of a letter: handed to its group again, overtaken by a newer state of the same key, or thrown away. */
export type Resolution = 'replayed' | 'superseded' | 'dropped';

export interface Position {
  /** The dead-letter topic, without prefix. */
  topic: string;
  partition: number;
  offset: string;
}

/** Throws when the text is no id of a dead letter. */
export function parseId(id: string): Position {
  const [topic, partition, offset] = id.split(':');
  if (!deadLetterId.safeParse(id).success || !topic || !offset)
    throw new Error(`Not the id of a dead letter: ${id}`);
  return { topic, partition: Number(partition), offset };
}

export function idOf({ topic, partition, offset }: Position): string {
  return `${topic}:${partition}:${offset}`;
}

/** The id of the letter that this record closes; undefined for a letter. */
export function closedBy({ topic, headers }: BroadcastRecord): string | undefined {
  const resolves = headers[deadLetterHeader.resolves];
  return resolves === undefined ? undefined : `${topic}:${resolves.replace('/', ':')}`;
}

export function toLetter(record: BroadcastRecord): DeadLetter {
  const { headers } = record;
  const text = (name: keyof typeof deadLetterHeader) => headers[deadLetterHeader[name]] ?? '';
  return {
    id: idOf(record),
    group: text('group'),
    topic: text('topic'),
    partition: Number(text('partition')),
    offset: text('offset'),
    key: record.key,
    type: record.type,
    eventId: headers[header.id] ?? '',
    reason: text('reason'),
    detail: text('detail'),
    attempts: Number(text('attempts')),
    at: text('at'),
    headers,
    data: record.data,
    value: record.message.value,
  };
}
