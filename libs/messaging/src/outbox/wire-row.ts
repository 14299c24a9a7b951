import { header, type Headers } from '../wire/headers.js';
import type { WireRecord } from '../wire/wire-record.js';
import type { OutboxRow } from './outbox.queries.js';

type Sendable = Pick<
  OutboxRow,
  'id' | 'topic' | 'key' | 'type' | 'version' | 'payload' | 'headers' | 'createdAt'
>;

/** An outbox row as the CloudEvents record it becomes. */
export function toWire(row: Sendable): WireRecord {
  const headers: Headers = {
    [header.specVersion]: '1.0',
    [header.id]: row.id,
    [header.type]: row.type,
    [header.subject]: row.key,
    [header.time]: row.createdAt.toISOString(),
    [header.contentType]: 'application/json',
    ...row.headers,
  };
  if (row.version !== null) headers[header.version] = String(row.version);
  return { topic: row.topic, key: row.key, value: row.payload, headers };
}

/** Roughly what a row takes in a request. */
export function wireBytes(row: Pick<OutboxRow, 'payload' | 'key'>): number {
  return Buffer.byteLength(row.payload ?? '') + row.key.length + 500;
}
