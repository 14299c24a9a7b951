import type { Db, Tx } from '@nest-arch/database';
import { passed } from '../crash/index.js';
import { inboxId } from '../inbox/inbox-id.js';
import type { InboxPartitions } from '../inbox/inbox-partitions.js';
import { passUserGate, recordArrival } from '../inbox/inbox.queries.js';
import { traceContextOf } from '../wire/trace-context.js';
import { withDeadline } from './deadline.js';
import { erases, passesForErased, subjectOf } from './erasure-rule.js';
import type { EventContext } from './event-context.js';
import { lacksInboxPartition } from './failures.js';
import type { Incoming } from './incoming.js';
import { inProcessSpan } from './process-span.js';
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
    const { db, partitions, deadlineMs } = this.parts;
    const isEvent = record.definition.kind === 'event';
    const id = inboxId(record.source, record.id);
    if (isEvent) await partitions.ensureFor(id);
    try {
      return await db.transaction((tx) =>
        withDeadline(deadlineMs, (signal) => this.run({ tx, signal, id, record, incoming })),
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

  /** Makes the producer's span the parent, so that one trace runs from the request to its last effect. */
  private traced(record: EventRecord, incoming: Incoming, work: () => Promise<Outcome>): Promise<Outcome> {
    const span = {
      name: `process ${record.definition.type}`,
      attributes: {
        'messaging.destination.name': incoming.topic,
        'messaging.destination.partition.id': String(incoming.partition),
        'messaging.consumer.group.name': this.parts.group,
        'messaging.message.id': record.id,
        'messaging.kafka.offset': Number(incoming.message.offset),
      },
      parent: traceContextOf(record.headers),
    };
    return inProcessSpan(span, work);
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
