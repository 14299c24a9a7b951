import { nextOffset, type Incoming, type PartitionId } from './incoming.js';
import type { WorkerControl } from './record-processor.js';

export interface WorkerParts {
  process(incoming: Incoming, control: WorkerControl): Promise<boolean>;
  /** The record before this offset is done with. */
  onDone(id: PartitionId, offset: string): void;
  /** Called when the queue may take more again. */
  onRoom(id: PartitionId): void;
  onWaiting(id: PartitionId, waiting: boolean): void;
}

/** Records of one fetch. `fetchedOffset` is where the fetch began, `lastOffset` the last one it covers. */
export interface FetchedBatch {
  fetchedOffset: string;
  lastOffset: string;
  records: Incoming[];
}

const highWater = 500;
const lowWater = 250;

/** Handles the records of one partition one after another, apart from all other partitions. */
export class PartitionWorker {
  private queue: Incoming[] = [];
  private running: Promise<void> | undefined;
  private stopped = false;
  private wake: (() => void) | undefined;
  /** Up to where the records have been taken over; undefined until the first batch. */
  private expected: bigint | undefined;
  private gapAt: bigint | undefined;

  constructor(
    readonly id: PartitionId,
    private readonly parts: WorkerParts,
  ) {}

  get isFull(): boolean {
    return this.queue.length >= highWater;
  }

  get hasRoom(): boolean {
    return this.queue.length <= lowWater;
  }

  /**
   * Takes a batch over. Records that are already here or done are left out. Answers the offset from which to fetch
   * instead when the batch does not continue where the last one ended: after a rebalance a fetch of the old generation
   * may still come in, and what lies between was dropped with the queue.
   */
  accept(batch: FetchedBatch): { refetchFrom: string } | undefined {
    const { expected } = this;
    const fetched = BigInt(batch.fetchedOffset);
    if (expected !== undefined && fetched > expected && this.gapAt !== expected) {
      this.gapAt = expected;
      return { refetchFrom: String(expected) };
    }
    // The same gap again is none of ours: there is nothing left in it (compaction, control records, retention).
    this.gapAt = undefined;
    const fresh = batch.records.filter(
      (record) => expected === undefined || BigInt(record.message.offset) >= expected,
    );
    this.queue.push(...fresh);
    const end = BigInt(batch.lastOffset) + 1n;
    this.expected = expected === undefined || end > expected ? end : expected;
    this.running ??= this.work();
    return undefined;
  }

  /** Forgets what waits, keeps the record at work. The next fetch begins at the committed offset. */
  dropQueue(): void {
    if (this.expected === undefined) return;
    this.expected = this.queue[0] ? BigInt(this.queue[0].message.offset) : this.expected;
    this.queue = [];
  }

  /** No record is begun any more; resolves when the one at work has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.queue = [];
    this.wake?.();
    await this.running;
  }

  private async work(): Promise<void> {
    // Off the stack of kafkajs's fetch loop.
    await Promise.resolve();
    for (let record = this.queue.shift(); record && !this.stopped; record = this.queue.shift()) {
      if (!(await this.parts.process(record, this.control))) break;
      this.parts.onDone(this.id, nextOffset(record.message.offset));
      if (this.queue.length === lowWater || this.queue.length === 0) this.parts.onRoom(this.id);
    }
    this.running = undefined;
  }

  private readonly control: WorkerControl = {
    stopped: () => this.stopped,
    setWaiting: (waiting) => this.parts.onWaiting(this.id, waiting),
    sleep: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}
