import type { BroadcastRecord } from '../broadcast/broadcast-record.js';
import type { KafkaMessage } from '../kafka/kafka-client.js';
import { rawHeaders } from '../wire/headers.js';
import { closedBy, idOf, type Position } from './dead-letter.js';

/** So much of a partition is kept in memory at a time; what follows is read by another scan. */
const most = { letters: 1_000, bytes: 4 * 1024 * 1024 };

interface Window {
  topic: string;
  partition: number;
  open: Map<string, { record: BroadcastRecord; size: number }>;
  size: number;
  /** The last letter that had room, open or not. */
  last: string | undefined;
  isFull: boolean;
}

export interface Part {
  records: BroadcastRecord[];
  /** After this position there may be more; null: there is no more. */
  next: Position | null;
}

/** Open letters of one scan, in bounded memory: the first ones of each partition, less those that are closed later on. */
export class OpenLetters {
  private readonly windows = new Map<string, Window>();

  add(record: BroadcastRecord): void {
    const closed = closedBy(record);
    if (closed !== undefined) return this.close(closed);
    const window = this.windowOf(record);
    if (window.isFull) return;
    const size = sizeOf(record);
    // The first one always has room, so that every scan gets on.
    window.isFull =
      window.last !== undefined && (window.open.size >= most.letters || window.size + size > most.bytes);
    if (window.isFull) return;
    window.last = record.offset;
    window.size += size;
    window.open.set(idOf(record), { record: detached(record), size });
  }

  /** By topic and partition, oldest first. */
  first(limit: number): Part {
    const records: BroadcastRecord[] = [];
    for (const window of this.sorted()) {
      for (const { record } of window.open.values()) {
        const last = records.at(-1);
        if (records.length === limit && last) return { records, next: last };
        records.push(record);
      }
      const { topic, partition, last } = window;
      if (window.isFull && last !== undefined) return { records, next: { topic, partition, offset: last } };
    }
    return { records, next: null };
  }

  private close(id: string): void {
    const window = this.windows.get(id.slice(0, id.lastIndexOf(':')));
    const letter = window?.open.get(id);
    if (!window || !letter) return;
    window.open.delete(id);
    window.size -= letter.size;
  }

  private windowOf({ topic, partition }: BroadcastRecord): Window {
    const key = `${topic}:${partition}`;
    const known = this.windows.get(key);
    if (known) return known;
    const made = { topic, partition, open: new Map(), size: 0, last: undefined, isFull: false };
    this.windows.set(key, made);
    return made;
  }

  private sorted(): Window[] {
    return [...this.windows.values()].sort((a, b) => compare(a.topic, b.topic) || a.partition - b.partition);
  }
}

/** The order of topics in a list, the same on every machine. */
export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function sizeOf({ message }: BroadcastRecord): number {
  return (message.value?.length ?? 0) + 1_000;
}

/** A value from kafkajs is a window on the whole answer of the broker, which must not stay in memory for its sake. */
export function detached(record: BroadcastRecord): BroadcastRecord {
  const { key, value, headers = {} } = record.message;
  const copy = (part: string | Buffer) => (typeof part === 'string' ? part : Buffer.from(part));
  const copies = Object.entries(rawHeaders(headers)).map(
    ([name, part]) => [name, Array.isArray(part) ? part.map(copy) : copy(part)] as const,
  );
  const message = { ...record.message, key: key && Buffer.from(key), value: value && Buffer.from(value) };
  return { ...record, message: { ...message, headers: Object.fromEntries(copies) } as KafkaMessage };
}
