import { isUtf8 } from 'node:buffer';
import { eventByType, events, heartbeatType, type EventDefinition } from '@nest-arch/contracts';
import { header, readHeaders, type Headers } from '../wire/headers.js';
import { RecordRefusedError } from './failures.js';
import type { Incoming } from './incoming.js';

/** A record that has a handler here, checked against its contract. */
export interface EventRecord {
  definition: EventDefinition;
  id: string;
  source: string;
  key: string;
  version: number | null;
  time: Date;
  tombstone: boolean;
  data: unknown;
  headers: Headers;
}

// Reading a header costs as much as checking the data: those that nobody asks for here stay as they are.
const readNames = [
  header.id,
  header.source,
  header.type,
  header.specVersion,
  header.time,
  header.version,
  header.traceparent,
  header.tracestate,
  header.replayFor,
] as const;

/** Why a record passes without a handler. */
export type Passing = 'heartbeat' | 'other_group' | 'no_handler' | 'unknown_type';

/**
 * Reads a record for a group. Answers why it passes by, or the checked record. Throws RecordRefusedError for what must
 * become a dead letter.
 */
export function readRecord(
  { topic, message }: Incoming,
  reader: { group: string; handles: (type: string) => boolean },
): EventRecord | Passing {
  const headers = readHeaders(message.headers, readNames);
  const type = headers[header.type];
  if (type === heartbeatType) return 'heartbeat';
  const replayFor = headers[header.replayFor];
  if (replayFor !== undefined && replayFor !== reader.group) return 'other_group';
  if (!type) throw new RecordRefusedError('missing_headers', header.type);
  if (!reader.handles(type)) return passOrRefuse(type, reader);
  const definition = eventByType(type);
  if (definition?.topic.name !== topic) throw new RecordRefusedError('wrong_topic', type);
  return { definition, ...attributes(headers), ...content(definition, message), headers };
}

// A newer version of a type that we handle is our business: its producer has left us behind.
function passOrRefuse(type: string, reader: { handles: (type: string) => boolean }): Passing {
  if (eventByType(type)) return 'no_handler';
  const subject = withoutVersion(type);
  const ours = events.some((event) => withoutVersion(event.type) === subject && reader.handles(event.type));
  if (ours) throw new RecordRefusedError('unknown_version', type);
  return 'unknown_type';
}

function withoutVersion(type: string): string {
  return type.replace(/\.v\d+$/, '');
}

function attributes(headers: Headers) {
  const id = required(headers, header.id);
  const source = required(headers, header.source);
  const time = new Date(required(headers, header.time));
  if (Number.isNaN(time.getTime())) throw new RecordRefusedError('bad_header', header.time);
  // Another version of CloudEvents may mean something else by the same names.
  if (required(headers, header.specVersion) !== '1.0')
    throw new RecordRefusedError('bad_header', header.specVersion);
  const version = headers[header.version];
  if (version !== undefined && !/^\d{1,15}$/.test(version))
    throw new RecordRefusedError('bad_header', header.version);
  return { id, time, source, version: version === undefined ? null : Number(version) };
}

function required(headers: Headers, name: string): string {
  const value = headers[name];
  if (!value) throw new RecordRefusedError('missing_headers', name);
  return value;
}

function content(definition: EventDefinition, message: Incoming['message']) {
  if (!message.key || message.key.length === 0) throw new RecordRefusedError('missing_key');
  const key = textOf(message.key);
  if (message.value === null) {
    if (definition.kind === 'event') throw new RecordRefusedError('missing_value');
    return { key, tombstone: true, data: null };
  }
  const parsed = definition.readSchema.safeParse(parseJson(message.value));
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path, code }) => `${placeOf(path)} ${code}`);
    throw new RecordRefusedError('schema_mismatch', where.slice(0, 10).join(', '));
  }
  return { key, tombstone: false, data: parsed.data };
}

// Only the first name is the contract's for sure: below it a name may be a key of a map, and so data.
function placeOf([first, ...below]: PropertyKey[]): string {
  return first === undefined ? 'value' : String(first) + (below.length > 0 ? '.*' : '');
}

function parseJson(value: Buffer): unknown {
  const text = textOf(value);
  try {
    return JSON.parse(text);
  } catch {
    throw new RecordRefusedError('invalid_json');
  }
}

// toString() puts a replacement character where bytes are wrong, and what nobody wrote would be stored.
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new RecordRefusedError('invalid_utf8');
  return bytes.toString();
}
