import { createHash, randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { EventDefinition, TopicDefinition } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import type { BroadcastRecord } from '../src/broadcast/index.js';
import { deadLetterHeader } from '../src/wire/dead-letter-headers.js';
import { rawHeaders } from '../src/wire/headers.js';

/** Stands in every record that is wrong; it may be where the record is, and nowhere else. */
export const secret = 'hunter2-4711';
export const mebibyte = 1024 * 1024;

export type Raw = {
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers: Record<string, string | Buffer | (string | Buffer)[]>;
};
export interface Poison {
  name: string;
  /** Made from a record that is right. */
  spoil(record: Raw): Raw;
  reason: string;
  detail?: string;
  /** What the letter cannot hold. */
  omitted?: string;
}

const without = (record: Raw, name: string): Raw => {
  const { [name]: _, ...headers } = record.headers;
  return { ...record, headers };
};
export const withHeader = (record: Raw, name: string, value: Raw['headers'][string]): Raw => ({
  ...record,
  headers: { ...record.headers, [name]: value },
});
export const withData = (record: Raw, more: object): Raw => ({
  ...record,
  value: JSON.stringify({ ...(JSON.parse(String(record.value)) as object), ...more }),
});
const wrong = (record: Raw, more: object = {}) => withData(record, { userId: secret, ...more });
const manyHeaders = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'v']));

export const everywhere: Poison[] = [
  {
    name: 'data that breaks the contract',
    spoil: (record) => wrong(record),
    reason: 'schema_mismatch',
    detail: 'userId',
  },
  {
    name: 'a newer version of a type that is handled here',
    spoil: (record) => withHeader(record, 'ce_type', String(record.headers['ce_type']).replace('.v1', '.v2')),
    reason: 'unknown_version',
    detail: '.v2',
  },
  {
    name: 'no headers at all',
    spoil: (record) => ({ ...record, headers: {} }),
    reason: 'missing_headers',
    detail: 'ce_type',
  },
  ...['ce_id', 'ce_type', 'ce_time', 'ce_source', 'ce_specversion'].map((name) => ({
    name: `no ${name}`,
    spoil: (record: Raw) => without(record, name),
    reason: 'missing_headers',
    detail: name,
  })),
  {
    name: 'a CloudEvents version to come',
    spoil: (record) => withHeader(record, 'ce_specversion', '2.0'),
    reason: 'bad_header',
    detail: 'ce_specversion',
  },
  {
    name: 'a version that is no number',
    spoil: (record) => withHeader(record, 'ce_version', secret),
    reason: 'bad_header',
    detail: 'ce_version',
  },
  {
    name: 'broken JSON',
    spoil: (record) => ({ ...record, value: `{"userId": "${secret}` }),
    reason: 'invalid_json',
  },
  { name: 'an empty value', spoil: (record) => ({ ...record, value: '' }), reason: 'invalid_json' },
  {
    name: 'bytes that are no UTF-8',
    spoil: (record) => {
      const [before = '', after = ''] = String(withData(record, { locale: 'LOCALE' }).value).split('LOCALE');
      return {
        ...record,
        value: Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]),
      };
    },
    reason: 'invalid_utf8',
  },
  {
    name: 'JSON nested a hundred thousand deep',
    spoil: (record) => ({ ...record, value: '['.repeat(100_000) + ']'.repeat(100_000) }),
    reason: 'schema_mismatch',
  },
  { name: 'an empty key', spoil: (record) => ({ ...record, key: Buffer.alloc(0) }), reason: 'missing_key' },
  {
    name: 'a key that is no UTF-8',
    spoil: (record) => ({ ...record, key: Buffer.from([0xc3, 0x28]) }),
    reason: 'invalid_utf8',
  },
  {
    name: 'headers that come twice',
    spoil: (record) => withHeader(wrong(record), 'x-twice', ['first', 'second']),
    reason: 'schema_mismatch',
  },
  {
    name: 'a thousand headers',
    spoil: (record) => ({ ...wrong(record), headers: { ...record.headers, ...manyHeaders(1_000) } }),
    reason: 'schema_mismatch',
  },
  {
    name: 'ten thousand headers',
    spoil: (record) => ({ ...wrong(record), headers: { ...record.headers, ...manyHeaders(10_000) } }),
    reason: 'schema_mismatch',
  },
  {
    name: 'headers named as what every object has',
    spoil: (record) => ({
      ...wrong(record),
      headers: { ...record.headers, constructor: 'a', toString: 'b', hasOwnProperty: 'c' },
    }),
    reason: 'schema_mismatch',
  },
  {
    name: 'a header of 64 KiB',
    spoil: (record) => withHeader(wrong(record), 'x-long', 'h'.repeat(64 * 1024)),
    reason: 'schema_mismatch',
  },
  {
    name: 'headers that belong to dead letters',
    spoil: (record) =>
      withHeader(
        withHeader(wrong(record), deadLetterHeader.resolves, '0/0'),
        deadLetterHeader.reason,
        'none',
      ),
    reason: 'schema_mismatch',
  },
  {
    name: 'two mebibytes of value',
    spoil: (record) => wrong(record, { more: 'x'.repeat(2 * mebibyte) }),
    reason: 'schema_mismatch',
    omitted: 'value',
  },
  {
    name: 'two mebibytes of headers',
    spoil: (record) => withHeader(wrong(record), 'x-huge', 'h'.repeat(2 * mebibyte)),
    reason: 'schema_mismatch',
    omitted: 'value,headers',
  },
  {
    name: 'two mebibytes of key',
    spoil: (record) => ({ ...wrong(record), key: 'k'.repeat(2 * mebibyte) }),
    reason: 'schema_mismatch',
    omitted: 'value,headers,key',
  },
  {
    name: 'an error of the handler that quotes the data',
    spoil: (record) => withHeader(record, 'x-spec', 'throw'),
    reason: 'unknown',
    detail: 'TypeError',
  },
  {
    name: 'a handler that throws nothing',
    spoil: (record) => withHeader(record, 'x-spec', 'nothing'),
    reason: 'unknown',
  },
  {
    name: 'an error of the database that quotes the data',
    spoil: (record) => withHeader(record, 'x-spec', 'cast'),
    reason: 'unknown',
    detail: '22P02',
  },
];
export const eventsOnly: Poison[] = [
  // A compacted topic takes no record without key.
  { name: 'no key', spoil: (record) => ({ ...record, key: null }), reason: 'missing_key' },
  { name: 'a tombstone', spoil: (record) => ({ ...record, value: null }), reason: 'missing_value' },
];

/** A record that is right. */
export function rightRecord(event: EventDefinition): Raw & { id: string } {
  const id = uuidv7();
  const headers = {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: '/spec',
    ce_type: event.type,
    ce_time: new Date().toISOString(),
    ce_version: '1',
  };
  return { id, key: randomUUID(), value: JSON.stringify(event.fixture), headers };
}

/** As an operator may have set it; the dead-letter topics keep the broker's limit of 1 MiB. */
export const roomy = (topic: TopicDefinition): TopicDefinition => ({
  ...topic,
  configs: { ...topic.configs, 'max.message.bytes': String(4 * mebibyte) },
});
/** The letter of `spoilt` says all there is to say, and quotes nothing. */
export function expectLetter(letter: BroadcastRecord, { group, poison, spoilt, partition }: Expected): void {
  expect(letter.headers).toMatchObject({
    [deadLetterHeader.partition]: String(partition),
    [deadLetterHeader.group]: group,
    [deadLetterHeader.reason]: poison.reason,
    [deadLetterHeader.detail]: expect.stringContaining(poison.detail ?? ''),
    [deadLetterHeader.attempts]: poison.reason === 'unknown' ? '5' : '1',
    [deadLetterHeader.at]: expect.stringMatching(/^20/),
  });
  expect(letter.message.headers?.[deadLetterHeader.resolves]).toBeUndefined();
  expectParts(letter, spoilt, poison.omitted);
  const said = Object.entries(letter.headers).filter(([name]) => name.startsWith('x-dlq-'));
  expect(JSON.stringify(said)).not.toContain(secret);
}

interface Expected {
  group: string;
  poison: Poison;
  spoilt: Raw;
  partition: number;
}

/** The letter of the record at this offset, among those that have come so far. */
export function letterOf(letters: BroadcastRecord[], topic: string, offset: string) {
  return letters.find(
    ({ headers }) => headers[deadLetterHeader.offset] === offset && headers[deadLetterHeader.topic] === topic,
  );
}

/** The letter holds what the record held, but for what is omitted. Of state the value is never kept. */
function expectParts(letter: BroadcastRecord, { key, value, headers }: Raw, omitted = ''): void {
  const isState = letter.topic.includes('.state.');
  // There is room for a letter of large state, for it has no value anyway.
  expect(letter.headers[deadLetterHeader.omitted] ?? '').toBe(isState && omitted === 'value' ? '' : omitted);
  expect(digest(letter.message.key)).toBe(digest(omitted.includes('key') ? null : key));
  expect(digest(letter.message.value)).toBe(digest(isState || omitted.includes('value') ? null : value));
  if (!omitted.includes('headers')) expect(ownHeaders(letter)).toEqual(asRead(headers));
  else expect(letter.headers).toMatchObject({ ce_id: headers['ce_id'], ce_type: headers['ce_type'] });
}

function ownHeaders(letter: BroadcastRecord) {
  const own = Object.entries(rawHeaders(letter.message.headers)).filter(
    ([name]) => !name.startsWith('x-dlq-'),
  );
  return Object.fromEntries(own.map(([name, value]) => [name, textOf(value)]));
}

function asRead(headers: Raw['headers']) {
  const own = Object.entries(headers).filter(
    ([name, value]) => !name.startsWith('x-dlq-') && value !== (null as unknown),
  );
  return Object.fromEntries(own.map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: Raw['headers'][string]) {
  return Array.isArray(value) ? value.map(String) : String(value);
}

// Jest takes minutes to compare megabytes.
function digest(bytes: string | Buffer | null): string {
  return bytes === null ? 'null' : createHash('sha256').update(bytes).digest('hex');
}
