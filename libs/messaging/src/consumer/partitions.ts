import type { EachBatchPayload } from '../kafka/kafka-client.js';
import { partitionKey, type Incoming, type PartitionId } from './incoming.js';
import { consumerMetrics } from './metrics.js';
import type { OffsetCommitter } from './offset-committer.js';
import { PartitionWorker, type WorkerParts } from './partition-worker.js';

/** What the partitions need of the consumer. Topic names are the contracts', without prefix. */
export interface FetchControl {
  pause(id: PartitionId): void;
  resume(id: PartitionId): void;
  seek(id: PartitionId, offset: string): void;
}

export interface PartitionsParts {
  group: string;
  take: number;
  process: WorkerParts['process'];
  /** Told about every step of a partition that is still owned. */
  onDone?(id: PartitionId, offset: string): void;
  fetch: FetchControl;
  committer: OffsetCommitter;
}

type Batch = EachBatchPayload['batch'];

/** The partitions that this process owns at present, each with its worker. */
export class Partitions {
  private readonly workers = new Map<string, PartitionWorker>();
  private readonly waiting = new Set<string>();
  private readonly paused = new Set<string>();
  private owned: ReadonlySet<string> = new Set();
  private closing = false;

  constructor(private readonly parts: PartitionsParts) {}

  /**
   * A new generation of the group. Workers of partitions that stay keep the record at work and drop what waits, for
   * kafkajs fetches again from the committed offsets; workers of lost ones end after their record, whose offset they no
   * longer commit. If the new owner has meanwhile taken the same record, one of the two waits for the other's inbox row.
   */
  assign(owned: PartitionId[]): void {
    this.owned = new Set(owned.map(partitionKey));
    for (const [key, worker] of this.workers) {
      if (this.owned.has(key)) worker.dropQueue();
      else this.retire(key, worker);
    }
    for (const id of owned) this.updatePause(id);
  }

  /** The consumer is gone. */
  clear(): void {
    this.owned = new Set();
    for (const [key, worker] of this.workers) this.retire(key, worker);
    this.paused.clear();
  }

  /** Takes a fetched batch over without waiting for anything. True if it was taken, so that fetching goes on behind it. */
  enqueue(topic: string, batch: Batch): boolean {
    const id = { topic, partition: batch.partition };
    // A fetch that was under way when the partition went to another member: its records are not ours to commit.
    if (this.closing || !this.owned.has(partitionKey(id))) return false;
    const worker = this.workerOf(id);
    const records: Incoming[] = batch.messages.map((message) => ({ ...id, message }));
    const refused = worker.accept({
      // In kafkajs's Batch, not in its types.
      fetchedOffset: String((batch as unknown as { fetchedOffset: unknown }).fetchedOffset),
      lastOffset: batch.lastOffset(),
      records,
    });
    if (refused) this.parts.fetch.seek(id, refused.refetchFrom);
    this.updatePause(id);
    return !refused;
  }

  /** Takes nothing more and resolves when the records at work have ended. */
  async close(): Promise<void> {
    this.closing = true;
    for (const { id } of this.workers.values()) this.parts.fetch.pause(id);
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
  }

  private workerOf(id: PartitionId): PartitionWorker {
    const key = partitionKey(id);
    const existing = this.workers.get(key);
    if (existing) return existing;
    const worker: PartitionWorker = new PartitionWorker(id, {
      take: this.parts.take,
      process: this.parts.process,
      onDone: (_, offset) => {
        if (this.workers.get(key) !== worker) return;
        this.parts.committer.done(id, offset);
        this.parts.onDone?.(id, offset);
      },
      onRoom: () => this.updatePause(id),
      onWaiting: (_, waiting) => this.setWaiting(id, waiting),
    });
    this.workers.set(key, worker);
    return worker;
  }

  private retire(key: string, worker: PartitionWorker): void {
    this.workers.delete(key);
    this.parts.committer.drop(worker.id);
    this.setWaiting(worker.id, false);
    // kafkajs remembers a pause over rebalances: the partition would not be fetched when it came back to us.
    if (this.paused.delete(key)) this.parts.fetch.resume(worker.id);
    void worker.stop();
  }

  private setWaiting(id: PartitionId, waiting: boolean): void {
    const key = partitionKey(id);
    if (this.waiting.has(key) === waiting) return;
    if (waiting) this.waiting.add(key);
    else this.waiting.delete(key);
    consumerMetrics.waiting.set({ group: this.parts.group }, this.waiting.size);
    this.updatePause(id);
  }

  private updatePause(id: PartitionId): void {
    const key = partitionKey(id);
    const worker = this.workers.get(key);
    // Between the marks a partition stays as it is, or every record would pause and resume it.
    const full = worker !== undefined && (worker.isFull || (this.paused.has(key) && !worker.hasRoom));
    const wanted = full || this.waiting.has(key);
    if (wanted === this.paused.has(key)) return;
    if (wanted) {
      this.paused.add(key);
      this.parts.fetch.pause(id);
    } else {
      this.paused.delete(key);
      this.parts.fetch.resume(id);
    }
  }
}
