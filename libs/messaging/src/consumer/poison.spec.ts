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
import {
  eventsOnly,
  everywhere,
  expectLetter,
  letterOf,
  mebibyte,
  rightRecord,
  roomy,
  secret,
  withData,
  withHeader,
  type Poison,
  type Raw,
} from '../../test/poison.js';
import { messagingSpec } from '../../test/support.js';
import { BroadcastConsumer, type BroadcastRecord } from '../broadcast/index.js';
import { createKafka, type Producer } from '../kafka/kafka-client.js';
import { deadLetterTopic } from '../topics/names.js';
import type { EventContext } from './event-context.js';
import { consumerMetrics } from './metrics.js';
import { OnEvent } from './on-event.js';

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
      const letter = await waitFor(() => letterOf(letters, topic.name, offset));
      expectLetter(letter, { group: 'spec', poison, spoilt, partition: 3 });
    },
  );

  it('nothing of what was wrong is in the log', () => {
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.filter((line) => line.includes(secret))).toEqual([]);
  });
});

it('a type that nobody knows passes by, and makes no time series of its own', async () => {
  const stranger = rightRecord(userRegisteredV1);
  const next = rightRecord(userRegisteredV1);
  const before = letters.length;
  await send(topics.userEvents.name, 1, withHeader(stranger, 'ce_type', 'auth.user.teleported.v1'));
  await send(topics.userEvents.name, 1, next);
  await waitFor(() => effectOf(next.id));
  expect(await effectOf(stranger.id)).toBeNull();
  expect(letters).toHaveLength(before);
  const metrics = JSON.stringify(
    await Promise.all([consumerMetrics.records.get(), consumerMetrics.failures.get()]),
  );
  expect(metrics).toContain('unknown_type');
  expect(metrics).not.toMatch(/teleported|registered\.v2/);
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
