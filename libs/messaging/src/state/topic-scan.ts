import { randomUUID } from 'node:crypto';
import { ConsumerLoop } from '../kafka/consumer-loop.js';
import { createKafka, type Admin, type EachBatchPayload, type KafkaMessage } from '../kafka/kafka-client.js';

export interface TopicScanOptions {
  brokers: string[];
  clientId: string;
  /** With prefix, as `groupPrefix` has it. */
  topic: string;
  groupPrefix: string;
  /** Partitions to read; all others are left alone. */
  partitions: readonly number[];
  /** Called in order per partition. Must not wait and must not throw. */
  onMessage(message: KafkaMessage, partition: number): void;
}

export interface Extent {
  partition: number;
  low: bigint;
  high: bigint;
}

const mostSilentMs = 60_000;

/**
 * Reads partitions of a topic from their beginning to the end that they have at a certain moment, stands still there, and
 * reads on to a later end when asked. In a group of its own that commits nothing.
 */
export class TopicScan {
  private readonly loop: ConsumerLoop;
  private readonly admin: Admin;
  private readonly groupId: string;
  private readonly positions = new Map<number, bigint>();
  private readonly goals = new Map<number, bigint>();
  private others: number[] = [];
  private reached = Promise.withResolvers<void>();
  private connected: Promise<void> | undefined;

  constructor(private readonly options: TopicScanOptions) {
    const { brokers, clientId, topic, groupPrefix } = options;
    this.groupId = `${groupPrefix}${clientId}.scan.${randomUUID()}`;
    this.admin = createKafka({ brokers, clientId }).admin();
    this.loop = new ConsumerLoop({
      brokers,
      clientId,
      groupId: () => this.groupId,
      topics: [topic],
      onAssigned: () => this.goOn(),
      onBatch: (batch) => this.deliver(batch),
      onGone: () => undefined,
    });
  }

  /** Resolves when everything that was there at the call has been delivered. Throws when Kafka is silent for a minute. */
  async readToEnd(signal?: AbortSignal): Promise<void> {
    const extents = await this.extents();
    this.others = extents
      .map(({ partition }) => partition)
      .filter((partition) => !this.options.partitions.includes(partition));
    this.reached = Promise.withResolvers();
    for (const { partition, low, high } of extents) {
      if (!this.options.partitions.includes(partition)) continue;
      this.goals.set(partition, high);
      this.positions.set(partition, max(this.positions.get(partition) ?? 0n, low));
    }
    if (this.isThere()) return;
    // A consumer that is joining goes on by itself when it has.
    if (this.loop.trouble === undefined) this.goOn();
    this.loop.start();
    await this.untilReached(signal);
  }

  /** Where the partitions begin and end now. */
  async extents(): Promise<Extent[]> {
    this.connected ??= this.admin.connect();
    await this.connected;
    const offsets = await this.admin.fetchTopicOffsets(this.options.topic);
    return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
  }

  async close(): Promise<void> {
    await this.loop.stop();
    // An empty group without offsets goes away by itself in time; this is for tidiness.
    await this.admin.deleteGroups([this.groupId]).catch(() => undefined);
    await this.admin.disconnect().catch(() => undefined);
  }

  private async untilReached(signal: AbortSignal | undefined): Promise<void> {
    const since = performance.now();
    const watch = setInterval(() => {
      if (signal?.aborted) this.reached.reject(signal.reason);
      else if (Math.min(this.loop.silentMs, performance.now() - since) > mostSilentMs)
        this.reached.reject(
          new Error(`${this.options.topic} cannot be read: ${this.loop.trouble ?? 'silence'}`),
        );
    }, 250);
    try {
      await this.reached.promise;
    } finally {
      clearInterval(watch);
    }
  }

  private deliver(batch: EachBatchPayload['batch']): boolean {
    const { partition } = batch;
    const goal = this.goals.get(partition);
    const from = this.positions.get(partition);
    if (goal === undefined || from === undefined || from >= goal) return false;
    for (const message of batch.messages) {
      const offset = BigInt(message.offset);
      if (offset >= from && offset < goal) this.options.onMessage(message, partition);
    }
    this.positions.set(partition, min(max(BigInt(batch.lastOffset()) + 1n, from), goal));
    if (this.hasReached(partition)) this.halt([partition]);
    if (this.isThere()) this.reached.resolve();
    return true;
  }

  /** After a join, and when the goals have moved: each partition from its position, those at their goal not at all. */
  private goOn(): void {
    const { topic, partitions } = this.options;
    const { consumer } = this.loop;
    this.halt([...this.others, ...partitions.filter((partition) => this.hasReached(partition))]);
    for (const partition of partitions) {
      if (this.hasReached(partition)) continue;
      consumer?.seek({ topic, partition, offset: String(this.positions.get(partition) ?? 0n) });
      consumer?.resume([{ topic, partitions: [partition] }]);
    }
  }

  private halt(partitions: number[]): void {
    this.loop.consumer?.pause([{ topic: this.options.topic, partitions }]);
  }

  private hasReached(partition: number): boolean {
    return (this.positions.get(partition) ?? 0n) >= (this.goals.get(partition) ?? 0n);
  }

  private isThere(): boolean {
    return this.options.partitions.every((partition) => this.hasReached(partition));
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
