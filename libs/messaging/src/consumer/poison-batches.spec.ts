import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  topics,
  userRegisteredV1,
  userStateV1,
  type EventDefinition,
  type TopicDefinition,
} from '@nest-arch/contracts';
import { many, one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf } from '../../test/event-server.js';
import {
  eventsOnly,
  everywhere,
  expectLetter,
  letterOf,
  rightRecord,
  roomy,
  secret,
  withData,
  type Poison,
  type Raw,
} from '../../test/poison.js';
import { migratePeople, People, startProjection } from '../../test/projection.js';
import { messagingSpec } from '../../test/support.js';
import { BroadcastConsumer, type BroadcastRecord } from '../broadcast/index.js';
import { createKafka, type Producer } from '../kafka/kafka-client.js';
import { deadLetterTopic } from '../topics/names.js';

const group = 'spec.people';
const kinds: [string, EventDefinition, TopicDefinition, string, Poison[]][] = [
  ['an event topic', userRegisteredV1, roomy(topics.userEvents), 'arrivals', [...everywhere, ...eventsOnly]],
  ['a state topic', userStateV1, roomy(topics.userState), 'people', everywhere],
];
const read = kinds.map(([, , topic]) => topic);

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let server: Awaited<ReturnType<typeof startProjection>>;
let producer: Producer;
let reader: BroadcastConsumer;
const letters: BroadcastRecord[] = [];
const logged: string[] = [];
/** What the projection does beside its work, by user. */
const behaviours = new Map<string, string>();

beforeAll(async () => {
  spec = await messagingSpec({ topics: read, groups: { [group]: read } });
  await migratePeople(spec.db);
  producer = createKafka({ brokers: spec.brokers, clientId: 'spec' }).producer();
  await producer.connect();
  const people = new People();
  people.before = async ({ tx }, keys) => {
    const wanted = new Set(keys.map((key) => behaviours.get(key)));
    if (wanted.has('throw')) throw new TypeError(`cannot use ${secret}`);
    if (wanted.has('nothing')) throw undefined as unknown as Error;
    if (wanted.has('cast')) await one(tx, 'select $1::uuid', [secret]);
  };
  server = await startProjection(spec, people);
  const keep = (...parts: unknown[]) => void logged.push(parts.map(String).join(' '));
  Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep });
  reader = new BroadcastConsumer({
    brokers: spec.brokers,
    app: 'spec',
    topicPrefix: spec.prefix,
    topics: read.map(({ name }) => deadLetterTopic(name, group)),
    from: 'beginning',
    onRecord: (record) => letters.push(record),
  });
  reader.start();
  await reader.ready;
});
afterAll(async () => {
  Logger.overrideLogger(false);
  await server.close();
  await Promise.all([reader.close(), producer.disconnect()]);
  await spec.drop();
});

/** In one request, so that they are fetched together. Answers the offset of the first. */
async function send(topic: string, records: Raw[]): Promise<bigint> {
  const messages = records.map(({ key, value, headers }) => ({ key, value, headers, partition: 3 }));
  const sent = await waitFor(() => producer.send({ topic: spec.prefix + topic, messages }));
  return BigInt(sent[0]?.baseOffset ?? '');
}

describe.each(kinds)('in a batch from %s', (_, event, topic, table, poisons) => {
  const known = (keys: Raw['key'][]) =>
    many<{ key: string }>(
      spec.db,
      `select user_id::text as key from ${table} where user_id::text = any($1)`,
      [keys.map(String)],
    ).then((rows) => rows.map(({ key }) => key).sort());
  const right = () => {
    const record = rightRecord(event);
    return withData(record, { userId: record.key });
  };

  it.each(poisons.map((poison) => [poison.name, poison] as const))(
    '%s becomes a dead letter, and the records around it are handled',
    async (_name, poison) => {
      const [before, middle, behind] = [right(), right(), right()];
      const spoilt = poison.spoil(middle);
      const behaviour = spoilt.headers['x-spec'];
      if (behaviour) behaviours.set(String(spoilt.key), String(behaviour));
      const offset = await send(topic.name, [before, spoilt, behind]);

      const around = [before.key, behind.key].map(String).sort();
      await waitFor(async () => (await known(around)).length === 2, { what: 'the records around' });
      expect(await known([before.key, middle.key, behind.key])).toEqual(around);
      const letter = await waitFor(() => letterOf(letters, topic.name, String(offset + 1n)));
      expectLetter(letter, { group, poison, spoilt, partition: 3 });
    },
  );

  it('nothing of what was wrong is in the log, and every offset has moved', async () => {
    await waitFor(async () => (await lagOf(spec, group, topic.name)) === 0);
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.filter((line) => line.includes(secret))).toEqual([]);
  });
});
