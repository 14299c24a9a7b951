import { heartbeatType } from '@nest-arch/contracts';
import type { BroadcastRecord } from '@nest-arch/messaging/broadcast';
import { maskKey, maskPersonal } from '@nest-arch/messaging/dead-letters';
import { dim, green } from '../bootstrap/progress.mjs';
import { printable, printableJson } from './text.ts';

/** Records that show that something lives, and nothing else. */
export function isBackground({ type, data }: BroadcastRecord): boolean {
  return type === heartbeatType || (data as { canary?: unknown } | null | undefined)?.canary === true;
}

/** Time, place, type, person, version and data. */
export function recordLine(record: BroadcastRecord, showPersonal: boolean): string {
  const { topic, partition, offset, timestamp, type, key, headers } = record;
  const time = new Date(timestamp).toISOString().replace('T', ' ').replace('Z', '');
  const version = headers['ce_version'] === undefined ? '' : ` v${headers['ce_version']}`;
  const replay = headers['x-replay-for'] === undefined ? '' : ` (again, for ${headers['x-replay-for']})`;
  const letter = headers['x-dlq-reason'] === undefined ? '' : ` ${headers['x-dlq-reason']}`;
  return [
    dim(time),
    dim(`${topic}/${partition}@${offset}`),
    green(printable(type || '(no type)')),
    printable(shortened(showPersonal ? key : maskKey(key)) + version),
    printable(content(record, showPersonal) + replay + letter),
  ].join('  ');
}

export function recordJson(record: BroadcastRecord, showPersonal: boolean): string {
  const { topic, partition, offset, timestamp, type, key, headers, data } = record;
  return printableJson({
    time: new Date(timestamp).toISOString(),
    ...{ topic, partition, offset, type, key: showPersonal ? key : maskKey(key) },
    id: headers['ce_id'] === undefined || showPersonal ? headers['ce_id'] : maskKey(headers['ce_id']),
    version: headers['ce_version'] === undefined ? undefined : Number(headers['ce_version']),
    tombstone: record.message.value === null || undefined,
    data: showPersonal ? data : maskPersonal(data),
  });
}

function content({ data, message, key, headers }: BroadcastRecord, showPersonal: boolean): string {
  if (headers['x-dlq-resolves'] !== undefined)
    return `(closes the letter ${headers['x-dlq-resolves']}: ${headers['x-dlq-resolution']})`;
  if (message.value === null) return '(gone)';
  if (data === undefined) return `(no JSON, ${message.value.length} bytes)`;
  if (typeof data !== 'object' || data === null)
    return JSON.stringify(showPersonal ? data : maskPersonal(data));
  // The line says these already.
  const { userId, version: _version, ...rest } = data as Record<string, unknown>;
  const shown = userId === undefined || userId === key ? rest : { userId, ...rest };
  const visible = showPersonal ? shown : (maskPersonal(shown) as object);
  return Object.entries(visible)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

/** The beginning of a UUIDv7 is its time, which people who came together share; so the end is kept as well. */
function shortened(key: string): string {
  return /^[0-9a-f-]{36}$/i.test(key) ? `${key.slice(0, 8)}…${key.slice(-6)}` : key || '(no key)';
}
