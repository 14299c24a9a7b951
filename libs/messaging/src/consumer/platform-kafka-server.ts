import { Logger } from '@nestjs/common';
import { ServerKafka, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Db } from '@nest-arch/database';
import { eventByType } from '@nest-arch/contracts';
import type { InboxPartitions } from '../inbox/inbox-partitions.js';
import { ConsumerLoop } from '../kafka/consumer-loop.js';
import type { Admin, Consumer } from '../kafka/kafka-client.js';
import { Publisher } from '../outbox/publisher.js';
import { deadLetterTopic } from '../topics/names.js';
import { DeadLetterWriter } from './dead-letter-writer.js';
import type { EventContext } from './event-context.js';
import type { PartitionId } from './incoming.js';
import { reportLostRecords } from './lost-records.js';
import { OffsetCommitter } from './offset-committer.js';
import type { HandlerExtras } from './on-event.js';
import { Partitions, type FetchControl } from './partitions.js';
import { RecordHandler, type Handler } from './record-handler.js';
import { RecordProcessor, defaultRetryPolicy, type RetryPolicy } from './record-processor.js';
import { Semaphore } from './semaphore.js';

export interface EventServerOptions {
  /** Consumer group, used exactly as given (after the prefix). Default: the app's name. */
  group?: string;
  /** Handlers at work at the same time over all partitions, default 6; keep it below the database's pool. */
  concurrency?: number;
  /** Default 10 s; the session's statement_timeout must be shorter. */
  deadlineMs?: number;
  /** After how long a silent member's partitions go to others; default 6 s, the least that brokers allow by default. */
  sessionTimeoutMs?: number;
  retry?: Partial<RetryPolicy>;
}

export interface EventServerParts {
  db: Db;
  partitions: InboxPartitions;
  brokers: string[];
  appName: string;
  topicPrefix: string;
}

/**
 * Nest's Kafka transport with our rules: patterns are event types, topics come from the contracts, each partition has its
 * own queue and worker, offsets follow the committed transaction. kafkajs is only ever given batches to enqueue, so no
 * error of a handler can reach it.
 */
export class PlatformKafkaServer extends ServerKafka {
  protected override logger = new Logger('Consumer');
  readonly group: string;
  private readonly handlers = new Map<string, Handler>();
  private readonly publisher: Publisher;
  private readonly committer: OffsetCommitter;
  private readonly assigned: Partitions;
  private loop: ConsumerLoop | undefined;

  constructor(
    private readonly parts: EventServerParts,
    private readonly serverOptions: EventServerOptions = {},
  ) {
    const group = serverOptions.group ?? parts.appName;
    super({
      client: { brokers: parts.brokers, clientId: parts.appName },
      consumer: { groupId: parts.topicPrefix + group },
      // Nest appends "-server" otherwise, and access-control lists and lag dashboards name the group.
      postfixId: '',
    });
    this.group = group;
    this.publisher = new Publisher({ ...parts, clientId: parts.appName });
    this.committer = new OffsetCommitter((offsets) => this.commit(offsets));
    const processor = this.newProcessor();
    this.assigned = new Partitions({
      group,
      process: (incoming, control) => processor.process(incoming, control),
      committer: this.committer,
      fetch: this.fetchControl(),
    });
  }

  /** Called by Nest for every handler of the app; keeps those of this group. Throws for a second one of a type. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const { messaging } = extras as HandlerExtras;
    const type = String(pattern);
    if (!isEventHandler || !messaging)
      throw new Error(`Handler of ${type}: use @OnEvent; nothing answers over Kafka`);
    if ((messaging.group ?? this.parts.appName) !== this.group) return;
    if (!eventByType(type)) throw new Error(`Handler of ${type}: the contracts do not know this type`);
    if (this.handlers.has(type))
      throw new Error(`Two handlers of ${type} in group ${this.group}: one record, one effect`);
    this.messageHandlers.set(type, callback);
    this.handlers.set(type, toHandler(callback));
  }

  /** Answers at once: Kafka may be away when the app starts, and the consumer joins when it is there. */
  override async listen(callback: (error?: unknown) => void): Promise<void> {
    if (this.handlers.size > 0) {
      this.loop = this.newLoop();
      this.loop.start();
    }
    callback();
  }

  /** Lets the records at work end, commits their offsets, leaves the group. */
  override async close(): Promise<void> {
    await this.assigned.close();
    await this.committer.flush();
    await this.loop?.stop();
    await this.publisher.close();
  }

  /** Types that this server handles. */
  get types(): string[] {
    return [...this.handlers.keys()];
  }

  /** Topics that this server reads, without prefix. */
  get topics(): string[] {
    return [...new Set(this.types.map((type) => eventByType(type)?.topic.name ?? ''))].sort();
  }

  /** Fails when the consumer has not read for a minute although a broker answers. */
  async checkLive(): Promise<void> {
    // Missing topics are a matter of readiness: starting anew would not create them.
    if (!this.loop || this.loop.refusal || this.loop.silentMs < 60_000) return;
    try {
      await this.loop.pingBroker();
    } catch {
      // The broker is away: starting this process again would not bring it back.
      return;
    }
    throw new Error(`Group ${this.group} has not read for ${Math.round(this.loop.silentMs / 1000)} s`);
  }

  /** Fails while topics are missing. A broker that is away leaves the last verdict. */
  checkReady(): void {
    if (this.loop?.refusal) throw new Error(`Group ${this.group}: ${this.loop.refusal}`);
  }

  /** Why this server does not read at present; undefined while it does. */
  get trouble(): string | undefined {
    return this.loop?.trouble;
  }

  override unwrap<T>(): T {
    return [undefined, this.loop?.consumer, undefined] as T;
  }

  // Called by workers at any moment, also when the consumer is just gone: then there is nothing to control.
  private fetchControl(): FetchControl {
    const prefixed = ({ topic, partition }: PartitionId) => ({
      topic: this.parts.topicPrefix + topic,
      partitions: [partition],
    });
    const whileReading = (act: (consumer: Consumer) => void) => {
      try {
        if (this.loop?.consumer) act(this.loop.consumer);
      } catch (error) {
        this.logger.debug(`Not in the group at present: ${String(error)}`);
      }
    };
    return {
      pause: (id) => whileReading((consumer) => consumer.pause([prefixed(id)])),
      resume: (id) => whileReading((consumer) => consumer.resume([prefixed(id)])),
      seek: (id, offset) =>
        whileReading((consumer) =>
          consumer.seek({ ...id, topic: this.parts.topicPrefix + id.topic, offset }),
        ),
    };
  }

  private newProcessor(): RecordProcessor {
    const { db, partitions } = this.parts;
    const { deadlineMs = 10_000, concurrency = 6, retry } = this.serverOptions;
    const { group, handlers } = this;
    return new RecordProcessor({
      group,
      handler: new RecordHandler({ db, partitions, group, handlers, deadlineMs }),
      deadLetters: new DeadLetterWriter(this.publisher, group),
      slots: new Semaphore(concurrency),
      policy: { ...defaultRetryPolicy, ...retry },
    });
  }

  private newLoop(): ConsumerLoop {
    const { brokers, appName, topicPrefix } = this.parts;
    const withoutPrefix = (topic: string) => topic.slice(topicPrefix.length);
    return new ConsumerLoop({
      brokers,
      clientId: appName,
      groupId: () => this.groupId,
      topics: this.topics.map((topic) => topicPrefix + topic),
      requiredTopics: this.topics.map((topic) => topicPrefix + deadLetterTopic(topic, this.group)),
      sessionTimeoutMs: this.serverOptions.sessionTimeoutMs ?? 6_000,
      prepare: (admin: Admin) =>
        reportLostRecords(admin, {
          groupId: this.groupId,
          group: this.group,
          topics: this.topics,
          topicPrefix,
        }),
      onBatch: (batch) => this.assigned.enqueue(withoutPrefix(batch.topic), batch),
      onAssigned: (assignment) => {
        const ids = Object.entries(assignment).flatMap(([topic, list]) =>
          list.map((partition) => ({ topic: withoutPrefix(topic), partition })),
        );
        this.assigned.assign(ids);
      },
      onGone: () => this.assigned.clear(),
    });
  }

  private async commit(offsets: { topic: string; partition: number; offset: string }[]): Promise<void> {
    const consumer = this.loop?.consumer;
    if (!consumer) throw new Error('not in the group at present');
    await consumer.commitOffsets(
      offsets.map((each) => ({ ...each, topic: this.parts.topicPrefix + each.topic })),
    );
  }
}

/** Nest answers errors as a stream that fails (see OnEvent), so the stream has to be waited for. */
function toHandler(callback: MessageHandler): Handler {
  return async (data: unknown, context: EventContext) => {
    const result: unknown = await callback(data, context);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  };
}
