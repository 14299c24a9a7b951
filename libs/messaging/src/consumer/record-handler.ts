import { SpanKind, SpanStatusCode, context as otel, trace } from '@opentelemetry/api';
import type { Db, Tx } from '@nest-arch/database';
import { passed } from '../crash/index.js';
import { inboxId } from '../inbox/inbox-id.js';
import type { InboxPartitions } from '../inbox/inbox-partitions.js';
import { passUserGate, recordArrival } from '../inbox/inbox.queries.js';
import { traceContextOf } from '../wire/trace-context.js';
import { erases, passesForErased, subjectOf } from './erasure-rule.js';
import type { EventContext } from './event-context.js';
import { DeadlineExceededError, lacksInboxPartition } from './failures.js';
import type { Incoming } from './incoming.js';
import { readRecord, type EventRecord, type Passing } from './record.js';

export type Handler = (data: unknown, context: EventContext) => Promise<void>;

/** What became of a record whose offset may move. */
export type Outcome = Passing | 'handled' | 'duplicate' | 'erased_user';

export interface RecordHandlerParts {
  db: Db;
  partitions: InboxPartitions;
  /** Without prefix. */
  group: string;
  handlers: ReadonlyMap<string, Handler>;
  /** Milliseconds for inbox row and handler together; statement_timeout is below it. */
  deadlineMs: number;
}

const tracer = trace.getTracer('@nest-arch/messaging');

/** One try of one record: checks it, opens the transaction, dedupes, calls the handler, commits. */
export class RecordHandler {
  constructor(private readonly parts: RecordHandlerParts) {}

  async handle(incoming: Incoming): Promise<Outcome> {
    const { group, handlers } = this.parts;
    const record = readRecord(incoming, { group, handles: (type) => handlers.has(type) });
    if (typeof record === 'string') return record;
    return this.traced(record, incoming, () => this.inTransaction(record, incoming));
  }

  private async inTransaction(record: EventRecord, incoming: Incoming): Promise<Outcome> {
    const { db, partitions } = this.parts;
    const isEvent = record.definition.kind === 'event';
    const id = inboxId(record.source, record.id);
    if (isEvent) await partitions.ensureFor(id);
    try {
      return await db.transaction((tx) =>
        this.withDeadline((signal) => this.run({ tx, signal, id, record, incoming })),
      );
    } catch (error) {
      if (lacksInboxPartition(error)) partitions.forget();
      throw error;
    }
  }

  private async run({ tx, signal, id, record, incoming }: Run): Promise<Outcome> {
    const arrival = await this.admit(tx, id, record);
    if (arrival === null) return 'duplicate';
    // The inbox row is committed with the skip: the record is done with.
    if (arrival.erased && !passesForErased(record)) return 'erased_user';
    signal.throwIfAborted();
    const handler = this.parts.handlers.get(record.definition.type) as Handler;
    await handler(record.data, contextOf({ tx, signal, id, record, incoming }));
    passed('handler.returned');
    return 'handled';
  }

  private async admit(tx: Tx, id: string, record: EventRecord): Promise<{ erased: boolean } | null> {
    const userId = subjectOf(record);
    const erasing = erases(record);
    if (record.definition.kind === 'event') {
      return recordArrival(tx, { group: this.parts.group, inboxId: id, userId, erasing });
    }
    return userId === null ? { erased: false } : passUserGate(tx, userId, erasing);
  }

  /**
   * Rejects when the time is up, whatever the work does. The transaction then rolls back and its Tx is closed, so that a
   * handler which wakes up later can write nothing.
   */
  private async withDeadline<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new DeadlineExceededError(`Not finished after ${this.parts.deadlineMs} ms`);
        controller.abort(error);
        reject(error);
      }, this.parts.deadlineMs);
    });
    try {
      return await Promise.race([work(controller.signal), expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes the producer's span the parent, so that one trace runs from the request to its last effect. */
  private async traced(
    record: EventRecord,
    incoming: Incoming,
    work: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const parent = traceContextOf(record.headers);
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'process',
      'messaging.destination.name': incoming.topic,
      'messaging.destination.partition.id': String(incoming.partition),
      'messaging.consumer.group.name': this.parts.group,
      'messaging.message.id': record.id,
    };
    const name = `process ${record.definition.type}`;
    const span = tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes }, parent);
    try {
      return await otel.with(trace.setSpan(parent, span), work);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'Error' });
      throw error;
    } finally {
      span.end();
    }
  }
}

interface Run {
  tx: Tx;
  signal: AbortSignal;
  id: string;
  record: EventRecord;
  incoming: Incoming;
}

function contextOf({ tx, signal, record, incoming }: Run): EventContext {
  const { traceparent } = record.headers;
  return {
    tx,
    id: record.id,
    type: record.definition.type,
    key: record.key,
    version: record.version,
    time: record.time,
    tombstone: record.tombstone,
    ...(traceparent === undefined ? {} : { traceparent }),
    topic: incoming.topic,
    partition: incoming.partition,
    offset: incoming.message.offset,
    signal,
  };
}
