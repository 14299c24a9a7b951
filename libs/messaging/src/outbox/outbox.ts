import { crc32 } from 'node:zlib';
import { Logger } from '@nestjs/common';
import type { EventDefinition } from '@nest-arch/contracts';
import { uuidv7, type Tx } from '@nest-arch/database';
import { passed } from '../crash/index.js';
import { header, type Headers } from '../wire/headers.js';
import { currentTraceHeaders } from '../wire/trace-context.js';
import { insertOutboxRow, insertOutboxRows, insertUrgentRow, type NewOutboxRow } from './outbox.queries.js';
import type { Publisher } from './publisher.js';
import type { Relay } from './relay.js';
import { toWire } from './wire-row.js';

export interface EventOptions {
  /** The record's key, a user id: order holds per key within a topic. */
  key: string;
  /** The counter of the user in the owning service, where the event takes one. */
  version?: number;
  /**
   * Sent by this process right after the commit, whoever holds the bucket and however long the relay's backlog is, and
   * then once more by the relay. For records of which a second copy and the order do not matter (revocations).
   */
  urgent?: boolean;
}

/** The data does not fit the contract: a bug of the producer, nothing was written. */
export class EventContractError extends Error {
  override readonly name = 'EventContractError';
}

export interface OutboxParts {
  /** CloudEvents `source`, such as `/nest-arch/auth`. */
  source: string;
  relay: Pick<Relay, 'wake'>;
  urgent: Pick<Publisher, 'send'>;
}

/**
 * Writes events in the transaction of the change that they announce; the relay carries them to Kafka after the commit.
 *
 * Order: rows are numbered as they are inserted, and sent in the order of their numbers. So that two transactions on one
 * user cannot number their rows in one order and commit in the other, lock the user's row (update it, or `for update`)
 * before you call `add`: the second transaction then inserts after the first has committed.
 */
export class Outbox {
  private readonly logger = new Logger('Outbox');

  constructor(private readonly parts: OutboxParts) {}

  /** Throws EventContractError when the data has a wrong, missing or undeclared field. */
  async add<T>(tx: Tx, event: EventDefinition<T>, data: T, options: EventOptions): Promise<void> {
    await this.insert(tx, event, { ...options, payload: checkedJson(event, data) });
  }

  /** Many records of one type in one statement, in the order of the list; `data` null is a tombstone. */
  async addAll<T>(
    tx: Tx,
    event: EventDefinition<T>,
    records: readonly { key: string; version: number; data: T | null }[],
  ): Promise<void> {
    if (records.length === 0) return;
    const rows = records.map(({ key, version, data }) => ({
      ...{ bucket: bucketOf(key), id: uuidv7(), key, version },
      payload: data === null ? tombstoneOf(event) : checkedJson(event, data),
    }));
    const { type, topic, dataschema } = event;
    await insertOutboxRows(tx, rows, { type, topic: topic.name, headers: this.headersOf(dataschema) });
    tx.afterCommit(() => {
      passed('outbox.committed');
      for (const bucket of new Set(rows.map((row) => row.bucket))) this.parts.relay.wake(bucket);
    });
  }

  /** Says that the state of this key is gone: a record without value, after which compaction forgets the older ones. */
  async tombstone<T>(
    tx: Tx,
    event: EventDefinition<T>,
    options: { key: string; version: number },
  ): Promise<void> {
    await this.insert(tx, event, { ...options, payload: tombstoneOf(event) });
  }

  private async insert<T>(
    tx: Tx,
    event: EventDefinition<T>,
    { key, version, urgent, payload }: EventOptions & { payload: string | null },
  ): Promise<void> {
    const row: NewOutboxRow = {
      bucket: bucketOf(key),
      id: uuidv7(),
      topic: event.topic.name,
      key,
      type: event.type,
      version: version ?? null,
      payload,
      headers: this.headersOf(event.dataschema),
    };
    const sendable = urgent ? { ...row, ...(await insertUrgentRow(tx, row)) } : undefined;
    if (!urgent) await insertOutboxRow(tx, row);
    tx.afterCommit(() => {
      passed('outbox.committed');
      this.parts.relay.wake(row.bucket);
      if (sendable) this.sendAtOnce(sendable);
    });
  }

  private headersOf(dataschema: string): Headers {
    return { [header.source]: this.parts.source, [header.dataSchema]: dataschema, ...currentTraceHeaders() };
  }

  private sendAtOnce(row: NewOutboxRow & { createdAt: Date }): void {
    this.parts.urgent.send([toWire(row)]).catch((error: unknown) => {
      // The row is still in the outbox, and its holder sends it.
      this.logger.warn(`Urgent ${row.type} left to the relay: ${String(error)}`);
    });
  }
}

function checkedJson<T>(event: EventDefinition<T>, data: T): string {
  const checked = event.schema.safeParse(data);
  if (!checked.success) throw new EventContractError(`${event.type}: ${checked.error.message}`);
  return JSON.stringify(data);
}

function tombstoneOf(event: Pick<EventDefinition, 'type' | 'kind'>): null {
  if (event.kind !== 'state') throw new EventContractError(`${event.type} is no state: it has no tombstone`);
  return null;
}

/** The bucket of a key, the same in every process and release: rows written before an upgrade stay in order. */
export function bucketOf(key: string): number {
  return crc32(key) % 64;
}
