import { randomUUID } from 'node:crypto';
import { heartbeatType } from '@nest-arch/contracts';
import { Logger } from '@nestjs/common';
import { ConsumerLoop } from '../kafka/consumer-loop.js';
import { createKafka, type Admin, type EachBatchPayload, type KafkaMessage } from '../kafka/kafka-client.js';
import { header } from '../wire/headers.js';
import { toBroadcastRecord, type BroadcastRecord } from './broadcast-record.js';

interface Ends {
  low: bigint;
  high: bigint;
  /** Where reading begins, if a moment was asked for. */
  start: bigint | undefined;
}

export interface BroadcastOptions {
  brokers: string[];
  app: string;
  /** Names without prefix. */
  topics: string[];
  topicPrefix?: string | undefined;
  /**
   * Where the first connect begins: with everything the topics hold, with what they have from a moment on (by the broker's
   * time), or with what comes (`end`). After a reconnect these go on where they were; `latest` begins with what comes at
   * each connect anew.
   */
  from: 'beginning' | 'latest' | 'end' | Date;
  /** Heartbeats of state topics are for nobody, unless somebody wants to see them. */
  withHeartbeats?: boolean;
  /** Called in order per partition. Must not wait; what it throws is logged. */
  onRecord(record: BroadcastRecord): void;
  /**
   * Records may have been missed, so what was derived from them must go. Called after the position was fixed and before
   * the next record: with `latest` on every (re)connect, else only when the topic no longer holds the place where reading
   * stopped.
   */
  onReset?(): void;
  /** A fetch that is not answered for so long ends the connection and begins a new one. Default 5 s. */
  silenceMs?: number;
}

type Batch = EachBatchPayload['batch'];

/**
 * Reads all partitions of some topics in every replica, for what each process must know by itself (revocations,
 * invalidations). A group of its own, no commits, no database. `start` it, wait for `ready`.
 */
export class BroadcastConsumer {
  /** Everything between where reading began and where the topics then ended has been delivered. */
  readonly ready: Promise<void>;
  private readonly logger = new Logger('Broadcast');
  private groupId = '';
  private readonly prefix: string;
  private readonly loop: ConsumerLoop;
  private readonly settled = Promise.withResolvers<void>();
  /** Next offset to read, by topic (with prefix) and partition. */
  private readonly positions = new Map<string, bigint>();
  /** Where reading has to come before `ready`. */
  private goals: Map<string, bigint> | undefined;

  constructor(private readonly options: BroadcastOptions) {
    this.prefix = options.topicPrefix ?? '';
    this.ready = this.settled.promise;
    this.loop = new ConsumerLoop({
      brokers: options.brokers,
      clientId: options.app,
      groupId: () => this.groupId,
      topics: options.topics.map((topic) => this.prefix + topic),
      maxWaitMs: 500,
      silenceMs: options.silenceMs ?? 5_000,
      prepare: (admin) => {
        // In the group of a connection that was lost, the new member would wait for the old one to be given up.
        this.groupId = `${this.prefix}${options.app}.${randomUUID()}`;
        return this.fixPositions(admin);
      },
      onAssigned: (assignment) => this.seekAll(assignment),
      onBatch: (batch) => this.deliver(batch),
      onGone: () => undefined,
    });
  }

  start(): void {
    this.loop.start();
  }

  /** Milliseconds since the broker last answered a fetch: how old the knowledge of this process may be. */
  get silentMs(): number {
    return this.loop.silentMs;
  }

  /** When the broker last answered a fetch. */
  get lastFetchAt(): Date {
    return new Date(Date.now() - this.loop.silentMs);
  }

  /** Why nothing is read at present; undefined while it is. */
  get trouble(): string | undefined {
    return this.loop.trouble;
  }

  /** Ends the connection and resolves when a new one reads. */
  async reconnect(): Promise<void> {
    await this.loop.restart();
  }

  async close(): Promise<void> {
    await this.loop.stop();
    if (!this.groupId) return;
    // An empty group without offsets goes away by itself in time; this is for tidiness.
    const admin = createKafka({
      brokers: this.options.brokers,
      clientId: this.options.app,
      retries: 0,
    }).admin();
    try {
      await admin.connect();
      await admin.deleteGroups([this.groupId]);
    } catch {
      // The broker is away, or has removed the group already.
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  /**
   * Before each join. With `latest` the end of the topics is read first and the caches are emptied after, so that a
   * change between the two is read, not missed.
   */
  private async fixPositions(admin: Admin): Promise<void> {
    const ends = new Map<string, bigint>();
    let missed = this.options.from === 'latest';
    for (const topic of this.options.topics) {
      const starts = await this.startsOf(admin, this.prefix + topic);
      for (const { partition, low, high } of await admin.fetchTopicOffsets(this.prefix + topic)) {
        const key = `${this.prefix}${topic}/${partition}`;
        ends.set(key, BigInt(high));
        const start = starts?.get(partition);
        missed = this.fixPosition(key, { low: BigInt(low), high: BigInt(high), start }) || missed;
      }
    }
    if (missed) this.callSafely(() => this.options.onReset?.());
    this.goals ??= ends;
    this.settle();
  }

  /** The first offsets at or after the moment that was asked for; undefined where none was, or reading has begun. */
  private async startsOf(admin: Admin, topic: string): Promise<Map<number, bigint> | undefined> {
    const { from } = this.options;
    if (!(from instanceof Date) || this.positions.has(`${topic}/0`)) return undefined;
    const found = await admin.fetchTopicOffsetsByTimestamp(topic, from.getTime());
    return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
  }

  /** True when the place where reading stopped is no longer there. */
  private fixPosition(key: string, { low, high, start }: Ends): boolean {
    const known = this.positions.get(key);
    const lost = known !== undefined && (known < low || known > high);
    const { from } = this.options;
    if (from === 'latest') this.positions.set(key, high);
    else if (known === undefined) this.positions.set(key, from === 'end' ? high : (start ?? low));
    else if (lost) this.positions.set(key, low);
    return lost;
  }

  private seekAll(assignment: Record<string, number[]>): void {
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const offset = this.positions.get(`${topic}/${partition}`);
        if (offset !== undefined) this.loop.consumer?.seek({ topic, partition, offset: String(offset) });
      }
    }
  }

  private deliver(batch: Batch): boolean {
    const key = `${batch.topic}/${batch.partition}`;
    const from = this.positions.get(key) ?? 0n;
    const topic = batch.topic.slice(this.prefix.length);
    for (const message of batch.messages) {
      if (BigInt(message.offset) < from) continue;
      if (isHeartbeat(message) && !this.options.withHeartbeats) continue;
      this.callSafely(() => this.options.onRecord(toBroadcastRecord(topic, batch.partition, message)));
    }
    this.positions.set(key, BigInt(batch.lastOffset()) + 1n);
    this.settle();
    return true;
  }

  private settle(): void {
    if (!this.goals) return;
    for (const [key, end] of this.goals) if ((this.positions.get(key) ?? 0n) >= end) this.goals.delete(key);
    if (this.goals.size === 0) this.settled.resolve();
  }

  private callSafely(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.logger.error('A broadcast handler failed', error instanceof Error ? error.stack : String(error));
    }
  }
}

/** Heartbeats keep a compacted topic's segments rolling and say nothing. */
function isHeartbeat({ headers }: KafkaMessage): boolean {
  return headers?.[header.type]?.toString() === heartbeatType;
}
