import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Logger } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  challengeIssuedV1,
  topics,
  userRegisteredV1,
  userStateV1,
  type EventDefinition,
  type TopicDefinition,
} from '@nest-arch/contracts';
import { execute, maybeOne, one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf, startServer } from '../../test/event-server.js';
import { messagingSpec } from '../../test/support.js';
import { BroadcastConsumer, type BroadcastRecord } from '../broadcast/index.js';
import { createKafka, type Producer } from '../kafka/kafka-client.js';
import { deadLetterTopic } from '../topics/names.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import { rawHeaders } from '../wire/headers.js';
import type { EventContext } from './event-context.js';
import { OnEvent } from './on-event.js';

/** Stands in every record that is wrong; it may be where the record is, and nowhere else. */
const secret = 'hunter2-4711';
const mebibyte = 1024 * 1024;

type Raw = {
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers: Record<string, string | Buffer | (string | Buffer)[]>;
};
interface Poison {
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
const withHeader = (record: Raw, name: string, value: Raw['headers'][string]): Raw => ({
  ...record,
  headers: { ...record.headers, [name]: value },
});
const withData = (record: Raw, more: object): Raw => ({
  ...record,
  value: JSON.stringify({ ...(JSON.parse(String(record.value)) as object), ...more }),
});
const wrong = (record: Raw, more: object = {}) => withData(record, { userId: secret, ...more });
const manyHeaders = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'v']));

const everywhere: Poison[] = [
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
const eventsOnly: Poison[] = [
  // A compacted topic takes no record without key.
  { name: 'no key', spoil: (record) => ({ ...record, key: null }), reason: 'missing_key' },
  { name: 'a tombstone', spoil: (record) => ({ ...record, value: null }), reason: 'missing_value' },
];

/** What the handlers do beside recording their effect, by event id. */
const behaviours = new Map<string, string>();

async function effect({ tx, id, key, tombstone }: EventContext): Promise<void> {
  if (behaviours.get(id) === 'throw') throw new TypeError(`cannot use ${secret}`);
  if (behaviours.get(id) === 'nothing') throw undefined as unknown as Error;
  if (behaviours.get(id) === 'cast') await one(tx, 'select $1::uuid', [secret]);
  await execute(tx, `insert into effects values ($1, $2, $3)`, [id, key, tombstone]);
}

@Controller()
class SpecController {
  @OnEvent(userRegisteredV1)
  registered(@Payload() _: unknown, @Ctx() context: EventContext) {
    return effect(context);
  }

  @OnEvent(userStateV1)
  state(@Payload() _: unknown, @Ctx() context: EventContext) {
    return effect(context);
  }

  @OnEvent(challengeIssuedV1)
  challenge(@Payload() _: unknown, @Ctx() context: EventContext) {
    return effect(context);
  }
}

/** As an operator may have set it; the dead-letter topics keep the broker's limit of 1 MiB. */
const roomy = (topic: TopicDefinition): TopicDefinition => ({
  ...topic,
  configs: { ...topic.configs, 'max.message.bytes': String(4 * mebibyte) },
});
const kinds: [string, EventDefinition, TopicDefinition, Poison[]][] = [
  ['an event topic', userRegisteredV1, roomy(topics.userEvents), [...everywhere, ...eventsOnly]],
  ['a state topic', userStateV1, roomy(topics.userState), everywhere],
  ['the topic of challenges', challengeIssuedV1, roomy(topics.challenges), [...everywhere, ...eventsOnly]],
];

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let running: Awaited<ReturnType<typeof startServer>>;
let producer: Producer;
let reader: BroadcastConsumer;
const letters: BroadcastRecord[] = [];
const logged: string[] = [];

beforeAll(async () => {
  const read = kinds.map(([, , topic]) => topic);
  spec = await messagingSpec({ topics: read, groups: { spec: read } });
  await execute(spec.db, `create table effects (event_id text, key text, tombstone bool)`);
  producer = createKafka({ brokers: spec.brokers, clientId: 'spec' }).producer();
  await producer.connect();
  running = await startServer(spec, [SpecController]);
  const keep = (...parts: unknown[]) => void logged.push(parts.map(String).join(' '));
  Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep });
  reader = new BroadcastConsumer({
    brokers: spec.brokers,
    app: 'spec',
    topicPrefix: spec.prefix,
    topics: read.map(({ name }) => deadLetterTopic(name, 'spec')),
    from: 'beginning',
    onRecord: (record) => letters.push(record),
  });
  reader.start();
  await reader.ready;
});
afterAll(async () => {
  Logger.overrideLogger(false);
  await running.service.close();
  await Promise.all([reader.close(), producer.disconnect()]);
  await spec.drop();
});

function rightRecord(event: EventDefinition): Raw & { id: string } {
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

/** Answers the offset. */
async function send(topic: string, partition: number, { key, value, headers }: Raw): Promise<string> {
  const sent = await waitFor(() =>
    producer.send({ topic: spec.prefix + topic, messages: [{ key, value, headers, partition }] }),
  );
  return sent[0]?.baseOffset ?? '';
}

function effectOf(id: string) {
  return maybeOne<{ tombstone: boolean }>(spec.db, `select tombstone from effects where event_id = $1`, [id]);
}

const headerOf = (letter: BroadcastRecord, name: string) => letter.message.headers?.[name];

describe.each(kinds)('on %s', (_, event, topic, poisons) => {
  it.each(poisons.map((poison) => [poison.name, poison] as const))(
    '%s becomes a dead letter, and the record behind it is handled',
    async (_name, poison) => {
      const right = rightRecord(event);
      const spoilt = poison.spoil(right);
      const behaviour = spoilt.headers['x-spec'];
      if (behaviour) behaviours.set(right.id, String(behaviour));
      const next = rightRecord(event);
      const offset = await send(topic.name, 3, spoilt);
      await send(topic.name, 3, next);

      await waitFor(() => effectOf(next.id), { what: 'the record behind' });
      expect(await effectOf(right.id)).toBeNull();
      const letter = await waitFor(() =>
        letters.find(
          (each) =>
            each.headers[deadLetterHeader.offset] === offset &&
            each.headers[deadLetterHeader.topic] === topic.name,
        ),
      );
      expect(letter.headers).toMatchObject({
        [deadLetterHeader.partition]: '3',
        [deadLetterHeader.group]: 'spec',
        [deadLetterHeader.reason]: poison.reason,
        [deadLetterHeader.detail]: expect.stringContaining(poison.detail ?? ''),
        [deadLetterHeader.attempts]: poison.reason === 'unknown' ? '5' : '1',
        [deadLetterHeader.at]: expect.stringMatching(/^20/),
      });
      expect(headerOf(letter, deadLetterHeader.resolves)).toBeUndefined();
      expectParts(
        letter,
        spoilt,
        topic.kind === 'state' ? poison.omitted?.replace(/^value$/, '') : poison.omitted,
      );
      const said = Object.entries(letter.headers).filter(([name]) => name.startsWith('x-dlq-'));
      expect(JSON.stringify(said)).not.toContain(secret);
    },
  );

  it('nothing of what was wrong is in the log', () => {
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.filter((line) => line.includes(secret))).toEqual([]);
  });
});

it('a type that nobody knows passes by', async () => {
  const stranger = rightRecord(userRegisteredV1);
  const next = rightRecord(userRegisteredV1);
  const before = letters.length;
  await send(topics.userEvents.name, 1, withHeader(stranger, 'ce_type', 'auth.user.teleported.v1'));
  await send(topics.userEvents.name, 1, next);
  await waitFor(() => effectOf(next.id));
  expect(await effectOf(stranger.id)).toBeNull();
  expect(letters).toHaveLength(before);
});

it('a tombstone of a person whom nobody knows is handled', async () => {
  const tombstone = rightRecord(userStateV1);
  await send(topics.userState.name, 1, { ...tombstone, value: null });
  expect(await waitFor(() => effectOf(tombstone.id))).toEqual({ tombstone: true });
});

it('of a header that comes twice the first counts', async () => {
  const [id, other] = [uuidv7(), uuidv7()];
  await send(topics.userEvents.name, 1, withHeader(rightRecord(userRegisteredV1), 'ce_id', [id, other]));
  await waitFor(() => effectOf(id));
  expect(await effectOf(other)).toBeNull();
});

it('two mebibytes that are right are handled as anything else', async () => {
  const large = withData(rightRecord(userRegisteredV1), { more: 'x'.repeat(2 * mebibyte) });
  await send(topics.userEvents.name, 1, large);
  await waitFor(() => effectOf(String(large.headers['ce_id'])));
});

it('in the end every offset has moved', async () => {
  for (const [, , { name }] of kinds)
    await waitFor(async () => (await lagOf(spec, 'spec', name)) === 0, { what: `no lag on ${name}` });
});

/** The letter holds what the record held, but for what is omitted. Of state the value is never kept. */
function expectParts(letter: BroadcastRecord, { key, value, headers }: Raw, omitted = ''): void {
  const isState = letter.topic.includes('.state.');
  expect(letter.headers[deadLetterHeader.omitted] ?? '').toBe(omitted);
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
