import { Logger } from '@nestjs/common';
import { ServerKafka, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Db } from '@nest-arch/database';
import { eventByType } from '@nest-arch/contracts';
import type { InboxPartitions } from '../inbox/inbox-partitions.js';
import { Publisher } from '../outbox/publisher.js';
import { DeadLetterWriter } from './dead-letter-writer.js';
import type { EventContext } from './event-context.js';
import { GroupReader } from './group-reader.js';
import type { Incoming } from './incoming.js';
import type { HandlerExtras } from './on-event.js';
import { RecordHandler, type Handler } from './record-handler.js';
import { RecordProcessor } from './record-processor.js';
import { defaultRetryPolicy, type RetryPolicy } from './retry-policy.js';
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
 * own queue and worker, offsets follow the committed transaction.
 */
export class PlatformKafkaServer extends ServerKafka {
  protected override logger = new Logger('Consumer');
  readonly group: string;
  private readonly handlers = new Map<string, Handler>();
  private readonly publisher: Publisher;
  private reader: GroupReader | undefined;

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
      this.reader = this.newReader();
      this.reader.start();
    }
    callback();
  }

  /** Lets the records at work end, commits their offsets, leaves the group. */
  override async close(): Promise<void> {
    await this.reader?.close();
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

  /** Fails when the consumer has not read for so long (milliseconds; a minute) although a broker answers and it may. */
  async checkLive(patienceMs?: number): Promise<void> {
    await this.reader?.checkLive(patienceMs);
  }

  /** Fails while the group must not read. A broker that is away leaves the last verdict. */
  checkReady(): void {
    this.reader?.checkReady();
  }

  /** Why this server does not read at present; undefined while it does. */
  get trouble(): string | undefined {
    return this.reader?.trouble;
  }

  override unwrap<T>(): T {
    return [undefined, this.reader?.consumer, undefined] as T;
  }

  private newReader(): GroupReader {
    const { db, partitions, brokers, appName, topicPrefix } = this.parts;
    const { deadlineMs = 10_000, concurrency = 6, sessionTimeoutMs = 6_000, retry } = this.serverOptions;
    const { group, handlers, topics } = this;
    const processor = new RecordProcessor({
      group,
      handler: new RecordHandler({ db, partitions, group, handlers, deadlineMs }),
      deadLetters: new DeadLetterWriter(this.publisher, group),
      slots: new Semaphore(concurrency),
      policy: { ...defaultRetryPolicy, ...retry },
    });
    return new GroupReader({
      brokers,
      clientId: appName,
      topicPrefix,
      group,
      topics,
      sessionTimeoutMs,
      take: 1,
      process: (records, control) => processor.process(records[0] as Incoming, control),
    });
  }
}

/** Nest answers errors as a stream that fails (see OnEvent), so the stream has to be waited for. */
function toHandler(callback: MessageHandler): Handler {
  return async (data: unknown, context: EventContext) => {
    const result: unknown = await callback(data, context);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  };
}
