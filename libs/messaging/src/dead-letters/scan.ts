import { randomUUID } from 'node:crypto';
import { toBroadcastRecord, type BroadcastRecord } from '../broadcast/broadcast-record.js';
import { ConsumerLoop } from '../kafka/consumer-loop.js';
import { createKafka, type Admin, type EachBatchPayload } from '../kafka/kafka-client.js';

const clientId = 'dead-letters';

export interface ScanOptions {
  brokers: string[];
  topicPrefix: string;
  /** Without prefix. Those that do not exist are passed over. */
  topics: readonly string[];
  /** Where to begin; `skip` leaves the partition out. Default: where it begins. */
  from?(topic: string, partition: number): bigint | 'beginning' | 'skip';
  /** Where to end, if the partition goes on. Default: where it ends now. */
  until?(topic: string, partition: number): bigint;
  /** In the order of each partition. Nothing of the record is kept when this does not. */
  onRecord(record: BroadcastRecord): void;
  signal: AbortSignal;
}

/** A part of a partition, with the topic's name without prefix. */
export interface Span {
  topic: string;
  partition: number;
  /** First offset that the partition still holds. */
  low: bigint;
  /** What is read next. */
  next: bigint;
  /** Where the scan ends. */
  end: bigint;
}

/**
 * Reads what partitions hold at the moment of the call, once, record by record. Answers which stretches were read.
 * Rejects when the signal says so; meanwhile a lost connection is made anew and reading goes on where it was.
 */
export async function scan(options: ScanOptions): Promise<Span[]> {
  const spans = await withAdmin(options, (admin) => findSpans(admin, options));
  const open = spans.filter(({ next, end }) => next < end);
  // Joining a group costs more than all the rest; most of the time there is no letter at all.
  if (open.length > 0) await new Scan(options, open).run();
  return spans;
}

/** Runs with a connected admin client; rejects at the signal, whatever the client does. */
export async function withAdmin<T>(
  { brokers, signal }: Pick<ScanOptions, 'brokers' | 'signal'>,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafka({ brokers, clientId, retries: 1 }).admin();
  const done = admin.connect().then(() => work(admin));
  try {
    return await orAborted(done, signal);
  } finally {
    const left = admin.disconnect().catch(() => undefined);
    if (!signal.aborted) await left;
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}

async function findSpans(admin: Admin, { topics, topicPrefix, from, until }: ScanOptions): Promise<Span[]> {
  const existing = new Set(await admin.listTopics());
  const present = topics.filter((topic) => existing.has(topicPrefix + topic));
  const found = await Promise.all(
    present.map(async (topic) => {
      const partitions = await admin.fetchTopicOffsets(topicPrefix + topic);
      return partitions.flatMap(({ partition, low, high }) => {
        const start = from?.(topic, partition) ?? 'beginning';
        if (start === 'skip') return [];
        const lowest = BigInt(low);
        const next = start === 'beginning' || start < lowest ? lowest : start;
        const [wanted, last] = [until?.(topic, partition) ?? BigInt(high), BigInt(high)];
        return [{ topic, partition, low: lowest, next, end: wanted < last ? wanted : last }];
      });
    }),
  );
  return found.flat();
}

class Scan {
  private readonly done = Promise.withResolvers<void>();
  private readonly groups: string[] = [];
  private readonly spans: Map<string, Span>;
  private readonly loop: ConsumerLoop;

  constructor(
    private readonly options: ScanOptions,
    spans: Span[],
  ) {
    const { brokers, topicPrefix } = options;
    this.spans = new Map(spans.map((span) => [`${topicPrefix}${span.topic}/${span.partition}`, span]));
    this.loop = new ConsumerLoop({
      brokers,
      clientId,
      // A new group for every connection: in that of a lost one, the new member would wait for the old one.
      groupId: () => this.groups.at(-1) ?? '',
      topics: [...new Set(spans.map(({ topic }) => topicPrefix + topic))],
      maxWaitMs: 500,
      silenceMs: 5_000,
      prepare: async (admin) => {
        this.groups.push(`${topicPrefix}${clientId}.${randomUUID()}`);
        if (this.groups.length > 1) await this.skipDeleted(admin);
      },
      onAssigned: (assignment) => this.seekAll(assignment),
      onBatch: (batch) => this.take(batch),
      onGone: () => undefined,
    });
  }

  async run(): Promise<void> {
    this.loop.start();
    try {
      await orAborted(this.done.promise, this.options.signal);
    } finally {
      const left = this.leave().catch(() => undefined);
      if (!this.options.signal.aborted) await left;
    }
  }

  /** Somebody else may have cut the beginning off, for instance while a letter there was closed. */
  private async skipDeleted(admin: Admin): Promise<void> {
    const left = await findSpans(admin, this.options);
    for (const { topic, partition, low } of left) {
      const span = this.spans.get(`${this.options.topicPrefix}${topic}/${partition}`);
      if (span && span.next < low) span.next = low;
    }
    this.settle();
  }

  private seekAll(assignment: Record<string, number[]>): void {
    const { consumer } = this.loop;
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const span = this.spans.get(`${topic}/${partition}`);
        if (span && span.next < span.end) consumer?.seek({ topic, partition, offset: String(span.next) });
        else consumer?.pause([{ topic, partitions: [partition] }]);
      }
    }
  }

  private take(batch: EachBatchPayload['batch']): boolean {
    const span = this.spans.get(`${batch.topic}/${batch.partition}`);
    if (!span) return true;
    try {
      for (const message of batch.messages) {
        const offset = BigInt(message.offset);
        if (offset < span.next || offset >= span.end) continue;
        this.options.onRecord(toBroadcastRecord(span.topic, span.partition, message));
      }
      span.next = BigInt(batch.lastOffset()) + 1n;
      this.settle();
    } catch (error) {
      this.done.reject(error as Error);
    }
    return true;
  }

  private settle(): void {
    if ([...this.spans.values()].every(({ next, end }) => next >= end)) this.done.resolve();
  }

  private async leave(): Promise<void> {
    await this.loop.stop();
    await withAdmin(this.options, (admin) => admin.deleteGroups(this.groups));
  }
}
