import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { topics, userStateV1 } from '@nest-arch/contracts';
import { engines, testKafkaPrefix } from '@nest-arch/testing';
import { publish } from '../../test/event-server.js';
import { newPublisher, readTopics } from '../../test/support.js';
import type { BroadcastRecord } from '../broadcast/index.js';
import { DeadLetterWriter } from '../consumer/dead-letter-writer.js';
import { PermanentError } from '../consumer/event-context.js';
import { DeadLetters } from './index.js';
import { createKafka } from '../kafka/kafka-client.js';
import { createTopics } from '../topics/create-topics.js';
import { deadLetterTopic } from '../topics/names.js';

// Each call joins a group of its own, which on a machine that is busy with other specs takes its time.
jest.setTimeout(60_000);

const spec = { brokers: engines.kafkaBrokers.split(','), prefix: testKafkaPrefix() };
const state = topics.userState;
const publisher = newPublisher(spec);
const letters = new DeadLetters({ brokers: spec.brokers, topicPrefix: spec.prefix });

beforeAll(() =>
  createTopics({ brokers: spec.brokers, prefix: spec.prefix, only: [state], groups: { spec: [state] } }),
);
afterAll(() => Promise.all([publisher.close(), letters.disconnect()]));

async function stateRecord(key: string, version: number): Promise<BroadcastRecord> {
  await publish(publisher, userStateV1, { ...userStateV1.fixture, version }, { key, version });
  return (await readTopics(spec, state)).filter((record) => record.key === key).at(-1) as BroadcastRecord;
}

async function bury({ partition, message }: BroadcastRecord): Promise<string> {
  const failure = { error: new PermanentError('spec'), kind: 'permanent' as const, attempts: 1 };
  await new DeadLetterWriter(publisher, 'spec').write({ topic: state.name, partition, message }, failure);
  const open = await letters.list('spec', [state.name]);
  return open.at(-1)?.id ?? '';
}

it('replays a state record from its topic while it is the last of its key', async () => {
  const key = randomUUID();
  const id = await bury(await stateRecord(key, 4));
  expect(await letters.replay(id)).toBe('replayed');
  const versions = (await readTopics(spec, state))
    .filter((record) => record.key === key)
    .map(({ headers }) => headers['ce_version']);
  expect(versions).toEqual(['4', '4']);
});

it('does not put an older state after a newer one', async () => {
  const key = randomUUID();
  const id = await bury(await stateRecord(key, 4));
  const newer = await stateRecord(key, 5);
  expect(await letters.replay(id)).toBe('superseded');
  const last = (await readTopics(spec, state)).filter((record) => record.key === key).at(-1);
  expect(last?.offset).toBe(newer.offset);
  expect(await letters.list('spec', [state.name])).toEqual([]);
});

it('cuts the closed beginning of the topic off and keeps what is open', async () => {
  const ids = [];
  for (let i = 0; i < 3; i += 1) ids.push(await bury(await stateRecord(randomUUID(), 1)));
  const [first = '', second = '', third = ''] = ids;
  const topic = deadLetterTopic(state.name, 'spec');
  const lowest = async () => {
    const admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
    await admin.connect();
    const [offsets] = await admin.fetchTopicOffsets(spec.prefix + topic);
    await admin.disconnect();
    return `${topic}:0:${offsets?.low}`;
  };
  await letters.drop(second);
  expect(await lowest()).toBe(first);
  await letters.drop(first);
  expect(await lowest()).toBe(third);
  expect((await letters.list('spec', [state.name])).map(({ id }) => id)).toEqual([third]);
  expect(await letters.show(third)).toMatchObject({
    reason: 'permanent',
    detail: 'PermanentError: spec',
    data: null,
  });
  await expect(letters.show('nonsense')).rejects.toThrow('Not the id of a dead letter');
});

it('gives up in time on a broker that takes connections and says nothing', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
  const unheard = new DeadLetters({ brokers, timeoutMs: 200 });
  const calls = [
    unheard.list('profile'),
    unheard.show('a.dlq:0:1'),
    unheard.replay('a.dlq:0:1'),
    unheard.drop('a.dlq:0:1'),
  ];
  for (const outcome of await Promise.allSettled(calls))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'DeadLettersTimeoutError' } });
  await unheard.disconnect();
  silent.close();
});
