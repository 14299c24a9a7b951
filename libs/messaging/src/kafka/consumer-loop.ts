import { Logger } from '@nestjs/common';
import { createKafka, type Admin, type Consumer, type EachBatchPayload, type Kafka } from './kafka-client.js';

export interface ConsumerLoopOptions {
  brokers: string[];
  clientId: string;
  /** With prefix, as everything below. Asked anew for every consumer. */
  groupId(): string;
  topics: string[];
  /** Topics that must exist beside those that are read. */
  requiredTopics?: string[];
  sessionTimeoutMs?: number;
  /** How long a fetch may wait for data: also the longest delay until a resumed partition is fetched again. */
  maxWaitMs?: number;
  /** After how long without an answered fetch a new consumer is made. */
  silenceMs?: number;
  /** Called before each consumer joins, with a connected admin client. What must not be read: throw a RefusalError. */
  prepare?(admin: Admin): Promise<void>;
  /** Called after each look at whether the group may read, with why not. */
  onVerdict?(refusal: string | undefined): void;
  /** Takes a batch over; must not wait and must not throw. False: fetch it again. */
  onBatch(batch: EachBatchPayload['batch']): boolean;
  onAssigned(assignment: Record<string, number[]>): void;
  onGone(): void;
}

/** The group must not read as things are: a matter for people, of readiness, and not mended by a new process. */
export class RefusalError extends Error {}

// Longer than a rebalance may take, shorter than liveness allows.
const defaultSilenceMs = 45_000;
const leastJoinMs = 15_000;
const maxPauseMs = 3_000;

/**
 * Keeps one kafkajs consumer in its group. Whatever ends it (a crash, silence, a broker that is away at the start) leads
 * to a new one after a pause: kafkajs's own restart stops for good at errors that it takes for unrecoverable.
 */
export class ConsumerLoop {
  private readonly logger = new Logger('Consumer');
  private readonly kafka: Kafka;
  private current: Consumer | undefined;
  private running: Promise<void> | undefined;
  private beginning: Promise<void> | undefined;
  private stopping = false;
  private endCurrent: ((reason: string) => void) | undefined;
  private lastFetch = performance.now();
  /** The last sign of life of the present attempt, which has its own time to join. */
  private sign = performance.now();
  /** When something other than this consumer was last seen to keep it from reading. */
  private excused = performance.now();
  private problem: string | undefined = 'not connected yet';
  private wrong: string | undefined;
  private said: string | undefined;

  constructor(private readonly options: ConsumerLoopOptions) {
    this.kafka = createKafka({ brokers: options.brokers, clientId: options.clientId });
  }

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.endCurrent?.('stopped');
    await this.running;
  }

  /** Ends the present consumer; resolves when the next one reads. */
  async restart(): Promise<void> {
    this.problem = 'restarting';
    this.endCurrent?.('restarted on demand');
    while (this.problem !== undefined && !this.stopping)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  get consumer(): Consumer | undefined {
    return this.current;
  }

  /** What keeps the consumer from reading; undefined while it reads. */
  get trouble(): string | undefined {
    return this.problem;
  }

  /** Why this group must not read, as it was last found; a broker that is away does not change it. */
  get refusal(): string | undefined {
    return this.wrong;
  }

  /** Milliseconds since the broker last answered a fetch. */
  get silentMs(): number {
    return performance.now() - this.lastFetch;
  }

  /** Milliseconds for which the consumer has not read although nothing was seen to keep it from that. */
  get downMs(): number {
    return performance.now() - Math.max(this.lastFetch, this.excused);
  }

  /** Resolves if a broker answers at all, however the consumer fares. */
  async pingBroker(): Promise<void> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      await admin.describeCluster();
    } catch (error) {
      this.excused = performance.now();
      throw error;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping; failures += 1) {
      const startedAt = performance.now();
      const reason = await this.consumeUntilItEnds();
      if (this.stopping) break;
      if (performance.now() - startedAt > 60_000) failures = 0;
      this.problem = reason;
      const waitMs = Math.min(maxPauseMs, 250 * 2 ** Math.min(failures, 8)) * (0.75 + Math.random() / 2);
      // The first says that something happened; later ones, a minute apart, that it still does.
      if (failures % 20 === 0 || this.wrong !== this.said)
        this.logger.warn(`${this.options.groupId()} is not reading: ${reason}`);
      this.said = this.wrong;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.endCurrent = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** One consumer from its making to its end; answers why it ended. */
  private async consumeUntilItEnds(): Promise<string> {
    const ended = Promise.withResolvers<string>();
    this.endCurrent = ended.resolve;
    const { silenceMs = defaultSilenceMs } = this.options;
    this.problem ??= 'joining';
    this.sign = performance.now();
    const watchdog = setInterval(() => {
      const allowedMs = this.problem === undefined ? silenceMs : Math.max(silenceMs, leastJoinMs);
      if (performance.now() - this.sign > allowedMs) ended.resolve(`no fetch for ${allowedMs / 1000} s`);
    }, 500);
    try {
      await this.prepare();
      this.sign = performance.now();
      const consumer = this.newConsumer(ended.resolve);
      this.current = consumer;
      this.beginning = this.begin(consumer);
      await Promise.race([this.beginning, ended.promise]);
      return await ended.promise;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearInterval(watchdog);
      await this.dispose();
    }
  }

  private async prepare(): Promise<void> {
    const admin = this.kafka.admin();
    let connected = false;
    try {
      await admin.connect();
      connected = true;
      await this.requireTopics(admin);
      await this.options.prepare?.(admin);
      this.said = undefined;
      this.judge(undefined);
    } catch (error) {
      if (error instanceof RefusalError) this.judge(error.message);
      if (!connected || error instanceof RefusalError) this.excused = performance.now();
      throw error;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  private judge(refusal: string | undefined): void {
    this.wrong = refusal;
    this.options.onVerdict?.(refusal);
  }

  // A group that reads a missing topic fails in kafkajs's retry loop, and a missing dead-letter topic would be found at
  // the worst moment. Topics are created by their own command, never by a consumer.
  private async requireTopics(admin: Admin): Promise<void> {
    const existing = new Set(await admin.listTopics());
    const missing = [...this.options.topics, ...(this.options.requiredTopics ?? [])].filter(
      (topic) => !existing.has(topic),
    );
    if (missing.length > 0) throw new RefusalError(`topics are missing: ${missing.join(', ')}`);
  }

  private newConsumer(end: (reason: string) => void): Consumer {
    const consumer = this.kafka.consumer({
      groupId: this.options.groupId(),
      allowAutoTopicCreation: false,
      sessionTimeout: this.options.sessionTimeoutMs ?? 6_000,
      rebalanceTimeout: 20_000,
      heartbeatInterval: 1_000,
      maxWaitTimeInMs: this.options.maxWaitMs ?? 250,
      maxBytesPerPartition: 512 * 1024,
      maxBytes: 4 * 1024 * 1024,
      retry: { retries: 2, initialRetryTime: 100, restartOnFailure: async () => false },
    });
    const { CRASH, GROUP_JOIN, FETCH } = consumer.events;
    consumer.on(CRASH, ({ payload }) => end(payload.error.message));
    consumer.on(GROUP_JOIN, ({ payload }) => {
      if (this.current !== consumer) return;
      this.problem = undefined;
      this.options.onAssigned(payload.memberAssignment as Record<string, number[]>);
    });
    consumer.on(FETCH, () => {
      this.sign = this.lastFetch = performance.now();
    });
    return consumer;
  }

  private async begin(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: this.options.topics, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        // A consumer that was given up, but could not be ended in time, may still come with a batch.
        if (this.current !== consumer) return;
        if (this.options.onBatch(batch)) resolveOffset(batch.lastOffset());
      },
    });
  }

  private async dispose(): Promise<void> {
    const consumer = this.current;
    this.current = undefined;
    this.options.onGone();
    if (!consumer) return;
    // A kafkajs consumer that is told to stop while it joins goes on to run: wait for the join, but not for ever, for a
    // connection may hang.
    const left = (this.beginning ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => consumer.disconnect());
    await Promise.race([
      left.catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 5_000).unref()),
    ]);
  }
}
