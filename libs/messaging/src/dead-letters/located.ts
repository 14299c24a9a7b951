import type { BroadcastRecord } from '../broadcast/broadcast-record.js';
import { closedBy, idOf } from './dead-letter.js';
import { detached } from './open-letters.js';
import type { Span } from './scan.js';

/** So many offsets of open letters are remembered per partition. */
const mostOffsets = 10_000;

interface Remembered {
  open: Set<string>;
  /** The first open one that had no room. */
  beyond: string | undefined;
}

/** Some letters by id, and what else is open around them, from one scan of their topics. */
export class Located {
  /** By id; without those that are closed or never were. */
  readonly found = new Map<string, BroadcastRecord>();
  private readonly partitions = new Map<string, Remembered>();

  constructor(private readonly wanted: ReadonlySet<string>) {}

  add(record: BroadcastRecord): void {
    const closed = closedBy(record);
    if (closed !== undefined) return this.close(closed);
    const id = idOf(record);
    if (this.wanted.has(id)) this.found.set(id, detached(record));
    const remembered = this.remembered(id);
    if (remembered.open.size < mostOffsets && remembered.beyond === undefined)
      remembered.open.add(record.offset);
    else remembered.beyond ??= record.offset;
  }

  close(id: string): void {
    this.found.delete(id);
    this.remembered(id).open.delete(id.slice(id.lastIndexOf(':') + 1));
  }

  /** Where the partition may begin: nothing before it is open. */
  lowestNeeded({ topic, partition, end }: Span): string {
    const { open, beyond } = this.remembered(`${topic}:${partition}:`);
    const [first] = open;
    return first ?? beyond ?? String(end);
  }

  private remembered(id: string): Remembered {
    const key = id.slice(0, id.lastIndexOf(':'));
    const known = this.partitions.get(key);
    if (known) return known;
    const made = { open: new Set<string>(), beyond: undefined };
    this.partitions.set(key, made);
    return made;
  }
}
