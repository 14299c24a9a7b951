import { Logger } from '@nestjs/common';
import type { Db } from '@nest-arch/database';
import { passed } from '../crash/index.js';
import { Leases } from './leases.js';
import { deleteRows, readBacklog, readPending, type OutboxRow } from './outbox.queries.js';
import type { Publisher } from './publisher.js';
import { relayMetrics } from './relay-metrics.js';
import { RowSender } from './row-sender.js';
import { wireBytes } from './wire-row.js';
import { Wakeup } from './wakeup.js';

export interface RelayOptions {
  /** Default 10 s. */
  leaseMs?: number;
  /** No send begins with less than this left of the lease; above the request timeout. Default 4 s. */
  marginMs?: number;
  /** How often to look for rows that another replica wrote. Default 200 ms. */
  pollMs?: number;
  /** Rows in one batch at most. Default 1,000. */
  batchSize?: number;
}

// Kafka's default limit is 1 MiB a batch of one partition, and a whole round may fall into one.
const batchBytes = 768 * 1024;
const backlogEveryMs = 5_000;
const maxBackoffMs = 3_000;
const drainMs = 2_000;
const maxGatherMs = 10;

/**
 * Carries outbox rows to Kafka: in the order of `seq` within a bucket, hence within a key; at least once; deleted when
 * every in-sync replica has them. Any number of relays share the 64 buckets by leases.
 */
export class Relay {
  private readonly logger = new Logger('Relay');
  private readonly leases: Leases;
  private readonly sender: RowSender;
  private readonly wakeup = new Wakeup();
  private readonly woken = new Set<number>();
  private readonly pollMs: number;
  private readonly batchSize: number;
  private lastPoll = 0;
  private lastBacklog = 0;
  private lastRound = 0;
  private lastFound = 0;
  private failures = 0;
  private stopping = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly db: Db,
    publisher: Publisher,
    options: RelayOptions = {},
  ) {
    const { leaseMs = 10_000, marginMs = 4_000, pollMs = 200, batchSize = 1_000 } = options;
    this.pollMs = pollMs;
    this.batchSize = batchSize;
    this.leases = new Leases(db, { leaseMs, marginMs }, (kind, count) => {
      relayMetrics.leaseChanges.inc({ kind }, count);
      // Rows may have waited there for their last holder.
      if (kind === 'taken') this.lastPoll = 0;
    });
    this.sender = new RowSender(db, publisher, this.leases);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Sends what is still there, for a short time, and gives the leases back. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeup.signal();
    await this.running;
    await this.drain().catch((error: unknown) => this.logger.warn(`Rows left for others: ${String(error)}`));
    await this.leases
      .releaseAll()
      .catch((error: unknown) => this.logger.warn(`Leases not released: ${String(error)}`));
  }

  /** For tests: stops like a process that was killed, with its leases left to lapse. */
  async abandon(): Promise<void> {
    this.stopping = true;
    this.wakeup.signal();
    await this.running;
  }

  /** For tests: true if a row of this bucket would be sent by this process. */
  holds(bucket: number): boolean {
    return this.leases.holds(bucket);
  }

  /** To be called after a commit that wrote to the bucket. */
  wake(bucket: number): void {
    this.woken.add(bucket);
    this.wakeup.signal();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        if (this.leases.due) await this.leases.tick();
        // Before the round: the backlog is worth most while no round succeeds.
        await this.reportBacklog();
        await this.gather();
        const found = await this.round();
        this.failures = 0;
        if (!found) await this.wakeup.wait(this.pollMs);
      } catch (error) {
        await this.backOff(error);
      }
    }
  }

  /**
   * The busier the last round, the longer the next one waits for more: one statement and one request then carry many
   * events. An event that comes alone does not wait, and neither does a backlog.
   */
  private async gather(): Promise<void> {
    if (this.lastFound >= this.batchSize / 2) return;
    const waitMs = this.lastRound + Math.min(this.lastFound, maxGatherMs) - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  private async drain(): Promise<void> {
    this.lastPoll = 0;
    const end = performance.now() + drainMs;
    while (performance.now() < end && (await this.round()));
  }

  /** Reads, sends and deletes one batch. False when there was nothing to do. */
  private async round(): Promise<boolean> {
    const buckets = this.bucketsToRead();
    if (buckets.length === 0) return false;
    const perBucket = Math.max(8, Math.ceil(this.batchLimit / buckets.length));
    const read = await readPending(this.db, { buckets, perBucket, blocked: this.sender.blockedTopics() });
    if (read.length === 0) return false;
    this.lastRound = performance.now();
    this.lastFound = read.length;
    const rows = this.cut(read);
    // Until it is known that nothing is left there, a bucket must be read again without waiting for a wake-up.
    const unfinished = Map.groupBy(read, (row) => row.bucket);
    try {
      passed('relay.read');
      const sent = await this.sender.send(rows);
      passed('relay.acknowledged');
      if (sent.length > 0) await deleteRows(this.db, sent);
      passed('relay.deleted');
      relayMetrics.published.inc(sent.length);
      if (rows.length === read.length) {
        for (const [bucket, found] of unfinished) if (found.length < perBucket) unfinished.delete(bucket);
      }
    } finally {
      for (const bucket of unfinished.keys()) this.woken.add(bucket);
    }
    return true;
  }

  private bucketsToRead(): number[] {
    const polling = performance.now() - this.lastPoll >= this.pollMs;
    if (polling) this.lastPoll = performance.now();
    const usable = this.leases.usable();
    const buckets = polling ? usable : usable.filter((bucket) => this.woken.has(bucket));
    this.woken.clear();
    return buckets;
  }

  /** The longest beginning that fits one request; the order of the rest is not touched by leaving it. */
  private cut(rows: OutboxRow[]): OutboxRow[] {
    let bytes = 0;
    const end = rows.findIndex((row, index) => {
      bytes += wireBytes(row);
      return index > 0 && (bytes > batchBytes || index >= this.batchLimit);
    });
    return end === -1 ? rows : rows.slice(0, end);
  }

  /** After failures batches are smaller: a broker that is too busy for a large one in its time still gets on. */
  private get batchLimit(): number {
    return Math.ceil(this.batchSize / 2 ** Math.min(this.failures, 4));
  }

  private async backOff(error: unknown): Promise<void> {
    this.failures += 1;
    relayMetrics.failures.inc();
    const waitMs = Math.min(maxBackoffMs, 50 * 2 ** Math.min(this.failures, 10)) * (0.75 + Math.random() / 2);
    const line = `Round failed, next in ${Math.round(waitMs)} ms: ${error instanceof Error ? error.message : String(error)}`;
    // The first says that something happened; every tenth that it still does.
    if (this.failures === 1 || this.failures % 10 === 0) this.logger.warn(line);
    this.lastPoll = 0;
    await this.wakeup.sleep(waitMs, () => this.stopping);
  }

  private async reportBacklog(): Promise<void> {
    if (performance.now() - this.lastBacklog < backlogEveryMs) return;
    this.lastBacklog = performance.now();
    const { pending, oldestSeconds } = await readBacklog(this.db);
    relayMetrics.pending.set(pending);
    relayMetrics.oldest.set(oldestSeconds);
  }
}
