import { ROOT_CONTEXT, type Link } from '@opentelemetry/api';
import type { Db, Tx } from '@nest-arch/database';
import { passed } from '../crash/index.js';
import { inboxId } from '../inbox/inbox-id.js';
import type { InboxPartitions } from '../inbox/inbox-partitions.js';
import { passBatchGate, recordArrivals } from '../inbox/inbox.queries.js';
import { linkTo } from '../wire/trace-context.js';
import { withDeadline } from './deadline.js';
import { passesForErased, subjectOf } from './erasure-rule.js';
import { lacksInboxPartition } from './failures.js';
import type { Incoming } from './incoming.js';
import { inProcessSpan } from './process-span.js';
import type { Outcome } from './record-handler.js';
import type { EventRecord } from './record.js';

export interface CheckedRecord {
  incoming: Incoming;
  record: EventRecord;
}

/** Does the effect of records that are new, in their order. */
export type BatchEffect = (records: EventRecord[], signal: AbortSignal) => Promise<void>;

export interface BatchHandlerParts {
  db: Db;
  partitions: InboxPartitions;
  /** The group by which the inbox knows what has been seen, without prefix. */
  group: string;
  deadlineMs: number;
  /** First in the transaction; answers what to do with the records. */
  open(tx: Tx): Promise<BatchEffect>;
}

type BatchOutcome = Extract<Outcome, 'handled' | 'duplicate' | 'erased_user'>;

/** One try of many records of one partition: one transaction with the guarantees that a single record has. */
export class BatchHandler {
  constructor(private readonly parts: BatchHandlerParts) {}

  /** Answers what became of each record. All or none are handled. */
  handle(batch: CheckedRecord[]): Promise<BatchOutcome[]> {
    const [{ incoming }] = batch as [CheckedRecord];
    const span = {
      name: `process ${incoming.topic}`,
      attributes: {
        'messaging.destination.name': incoming.topic,
        'messaging.destination.partition.id': String(incoming.partition),
        'messaging.consumer.group.name': this.parts.group,
        'messaging.batch.message_count': batch.length,
        'messaging.kafka.offset': Number(incoming.message.offset),
      },
      parent: ROOT_CONTEXT,
      links: () => batch.flatMap(linkOf),
    };
    return inProcessSpan(span, () => this.inTransaction(batch.map(({ record }) => record)));
  }

  private async inTransaction(records: EventRecord[]): Promise<BatchOutcome[]> {
    const { db, partitions, deadlineMs } = this.parts;
    const events = new Map<EventRecord, string>();
    for (const record of records) {
      if (record.definition.kind !== 'event') continue;
      const id = inboxId(record.source, record.id);
      events.set(record, id);
      await partitions.ensureFor(id);
    }
    try {
      return await db.transaction((tx) =>
        withDeadline(deadlineMs, (signal) => this.run(tx, { records, events, signal })),
      );
    } catch (error) {
      if (lacksInboxPartition(error)) partitions.forget();
      throw error;
    }
  }

  private async run(tx: Tx, { records, events, signal }: Run): Promise<BatchOutcome[]> {
    const effect = await this.parts.open(tx);
    const subjects = new Set(records.map(subjectOf).filter((subject) => subject !== null));
    const erased = new Set(await passBatchGate(tx, [...subjects]));
    // In one order everywhere: two batches that share ids then wait for each other instead of locking each other out.
    const ids = [...new Set(events.values())].sort();
    const fresh = new Set(ids.length > 0 ? await recordArrivals(tx, this.parts.group, ids) : []);
    const outcomes = records.map((record): BatchOutcome => {
      const id = events.get(record);
      // The same id twice in one batch: the first one counts.
      if (id !== undefined && !fresh.delete(id)) return 'duplicate';
      const hidden = erased.has(record.key.toLowerCase()) && !passesForErased(record);
      return hidden ? 'erased_user' : 'handled';
    });
    signal.throwIfAborted();
    const effective = records.filter((_, index) => outcomes[index] === 'handled');
    if (effective.length > 0) await effect(effective, signal);
    passed('handler.returned');
    return outcomes;
  }
}

interface Run {
  records: EventRecord[];
  /** The inbox ids of those that are events. */
  events: Map<EventRecord, string>;
  signal: AbortSignal;
}

function linkOf({ record, incoming }: CheckedRecord): Link[] {
  const link = linkTo(record.headers);
  const attributes = { 'messaging.kafka.offset': Number(incoming.message.offset) };
  return link ? [{ ...link, attributes }] : [];
}
