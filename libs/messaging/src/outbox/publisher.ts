import type { RecordMetadata } from 'kafkajs';
import { Partitioners, createKafka, type Producer } from '../kafka/kafka-client.js';
import { keyPartition } from '../kafka/key-partition.js';
import type { WireRecord } from '../wire/wire-record.js';
import type { ClockSkew } from './clock-skew.js';

/** The time allowed for a send had passed before the request was written: nothing was sent. */
export class SendTooLateError extends Error {
  override readonly name = 'SendTooLateError';
  constructor() {
    super('The lease does not last long enough for another send');
  }
}

export interface PublisherOptions {
  brokers: string[];
  clientId: string;
  topicPrefix: string;
  requestTimeoutMs?: number;
  /** Told what time the broker had when it took a record. */
  clock?: Pick<ClockSkew, 'observe'>;
}

/**
 * Sends records and resolves when every in-sync replica has them. One request in flight, not idempotent (kafkajs's
 * idempotent producer can end in out-of-order-sequence errors for good, tulios/kafkajs#598) and no retries inside: who
 * sends keeps the records, knows the order, and sends again. Concurrent callers take turns on the wire; `mayWrite` is for a
 * single caller.
 */
export class Publisher {
  private producer: Promise<Producer> | undefined;
  private mayWrite: () => boolean = () => true;
  private failures = 0;

  constructor(private readonly options: PublisherOptions) {}

  /** `mayWrite` is asked once more right before the request is built; false throws SendTooLateError. */
  async send(records: WireRecord[], mayWrite: () => boolean = () => true): Promise<RecordMetadata[]> {
    try {
      const producer = await this.connected();
      this.mayWrite = mayWrite;
      const before = Date.now();
      const metadata = await producer.sendBatch({
        acks: -1,
        timeout: this.requestTimeoutMs,
        topicMessages: this.byTopic(records),
      });
      this.failures = 0;
      this.compareClocks(before, metadata);
      return metadata;
    } catch (error) {
      // A kafkajs producer that lost its brokers may keep stale addresses; a new one starts from the configured list.
      this.failures += 1;
      if (this.failures % 3 === 0) await this.close();
      throw tooLateIn(error) ?? error;
    }
  }

  async close(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.then((connected) => connected.disconnect()).catch(() => undefined);
  }

  private compareClocks(before: number, metadata: RecordMetadata[]): void {
    // -1: the topic does not stamp the broker's time; its settings are checked elsewhere.
    const stamped = metadata.find(({ logAppendTime }) => Number(logAppendTime ?? -1) > 0);
    if (stamped)
      this.options.clock?.observe({ before, after: Date.now(), brokerMs: Number(stamped.logAppendTime) });
  }

  private get requestTimeoutMs(): number {
    return this.options.requestTimeoutMs ?? 3_000;
  }

  private connected(): Promise<Producer> {
    this.producer ??= this.connect().catch((error: unknown) => {
      this.producer = undefined;
      throw error;
    });
    return this.producer;
  }

  private async connect(): Promise<Producer> {
    const { brokers, clientId } = this.options;
    const { requestTimeoutMs } = this;
    // Connecting may come between the last look at the lease and the request: 1 s and 3 s are the 4 s that are left then.
    const kafka = createKafka({ brokers, clientId, requestTimeoutMs, connectTimeoutMs: 1_000, retries: 0 });
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
      createPartitioner: () => this.fencedPartitioner(),
    });
    await producer.connect();
    return producer;
  }

  /**
   * kafkajs may reconnect or load metadata inside send, for longer than a lease lasts. Choosing the partition is the last
   * thing it does before it writes the request, so the check stands there.
   */
  private fencedPartitioner() {
    const choose = Partitioners.DefaultPartitioner();
    return (args: Parameters<typeof choose>[0]) => {
      if (!this.mayWrite()) throw new SendTooLateError();
      const { key, partition } = args.message;
      const hasKey = key !== null && key !== undefined && partition === undefined;
      return hasKey ? keyPartition(key, args.partitionMetadata.length) : choose(args);
    };
  }

  private byTopic(records: WireRecord[]) {
    const topics = Map.groupBy(records, (record) => record.topic);
    return [...topics].map(([topic, list]) => ({
      topic: this.options.topicPrefix + topic,
      messages: list.map(({ key, value, headers, partition }) => ({
        key,
        value,
        headers,
        ...(partition === undefined ? {} : { partition }),
      })),
    }));
  }
}

function tooLateIn(error: unknown): SendTooLateError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof SendTooLateError) return at;
  }
  return undefined;
}
