import { nextOffset, type Incoming, type PartitionId } from './incoming.js';
import type { WorkerControl } from './retry-policy.js';

export interface WorkerParts {
  /** Most records that `process` is given at once. */
  take: number;
  process(records: Incoming[], control: WorkerControl): Promise<boolean>;
  /** The records before this offset are done with. */
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

/** Records that wait before the partition is paused; of batches a few. */
const leastHighWater = 500;
/** Bytes that wait before the partition is paused: hundreds of records of a mebibyte each are more than a process has. */
const highWaterBytes = 8 * 1024 * 1024;

/** Handles the records of one partition in their order, apart from all other partitions. */
export class PartitionWorker {
  private queue: Incoming[] = [];
  private queueBytes = 0;
  private running: Promise<void> | undefined;
  private stopped = false;
  private wake: (() => void) | undefined;
  /** Up to where the records have been taken over; undefined until the first batch. */
  private expected: bigint | undefined;
  private gapAt: bigint | undefined;
  private readonly highWater: number;

  constructor(
    readonly id: PartitionId,
    private readonly parts: WorkerParts,
  ) {
    this.highWater = Math.max(leastHighWater, parts.take * 4);
  }

  get isFull(): boolean {
    return this.queue.length >= this.highWater || this.queueBytes >= highWaterBytes;
  }

  get hasRoom(): boolean {
    return this.queue.length <= this.highWater / 2 && this.queueBytes <= highWaterBytes / 2;
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
    this.queue = this.queue.concat(fresh);
    this.queueBytes += bytesOf(fresh);
    const end = BigInt(batch.lastOffset) + 1n;
    this.expected = expected === undefined || end > expected ? end : expected;
    this.running ??= this.work();
    return undefined;
  }

  /** Forgets what waits, keeps what is at work. The next fetch begins at the committed offset. */
  dropQueue(): void {
    if (this.expected === undefined) return;
    this.expected = this.queue[0] ? BigInt(this.queue[0].message.offset) : this.expected;
    this.queue = [];
    this.queueBytes = 0;
  }

  /** Nothing is begun any more; resolves when what is at work has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.queue = [];
    this.queueBytes = 0;
    this.wake?.();
    await this.running;
  }

  private async work(): Promise<void> {
    // Off the stack of kafkajs's fetch loop.
    await Promise.resolve();
    while (this.queue.length > 0 && !this.stopped) {
      const hadRoom = this.hasRoom;
      const records = this.queue.splice(0, this.parts.take);
      this.queueBytes -= bytesOf(records);
      if (!(await this.parts.process(records, this.control))) break;
      const last = records.at(-1) as Incoming;
      this.parts.onDone(this.id, nextOffset(last.message.offset));
      if ((!hadRoom && this.hasRoom) || this.queue.length === 0) this.parts.onRoom(this.id);
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

function bytesOf(records: Incoming[]): number {
  return records.reduce(
    (sum, { message }) => sum + (message.value?.length ?? 0) + (message.key?.length ?? 0),
    0,
  );
}
