import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sessionRevokedV1, topics } from '@nest-arch/contracts';
import { engines, testKafkaPrefix, waitFor } from '@nest-arch/testing';
import { publish } from '../../test/event-server.js';
import { newPublisher } from '../../test/support.js';
import { createKafka } from '../kafka/kafka-client.js';
import { createTopics } from '../topics/create-topics.js';
import { BroadcastConsumer, type BroadcastOptions } from './broadcast-consumer.js';
import type { BroadcastRecord } from './broadcast-record.js';

const spec = { brokers: engines.kafkaBrokers.split(','), prefix: testKafkaPrefix() };
const only = [topics.revocations, topics.userState];
const publisher = newPublisher(spec);
const open: BroadcastConsumer[] = [];

beforeAll(() => createTopics({ brokers: spec.brokers, prefix: spec.prefix, groups: {}, only }));
afterAll(async () => {
  await Promise.all(open.map((consumer) => consumer.close()));
  await publisher.close();
});

function listen(from: BroadcastOptions['from'], options: Partial<BroadcastOptions> = {}) {
  const records: BroadcastRecord[] = [];
  const resets: number[] = [];
  const consumer = new BroadcastConsumer({
    brokers: spec.brokers,
    app: 'spec',
    topicPrefix: spec.prefix,
    topics: only.map(({ name }) => name),
    from,
    onRecord: (record) => records.push(record),
    onReset: () => resets.push(records.length),
    ...options,
  });
  open.push(consumer);
  consumer.start();
  return { consumer, records, resets };
}

const revoke = (key: string) =>
  publish(publisher, sessionRevokedV1, { ...sessionRevokedV1.fixture, sid: key }, { key });

it('has delivered everything that was there when it says it is ready, then what comes', async () => {
  const keys = Array.from({ length: 50 }, () => randomUUID());
  for (const key of keys) await revoke(key);
  const { consumer, records } = listen('beginning');
  await consumer.ready;
  expect(records.map(({ key }) => key)).toEqual(keys);
  expect(records[0]).toMatchObject({
    topic: topics.revocations.name,
    type: sessionRevokedV1.type,
    data: { sid: keys[0] },
  });

  const next = randomUUID();
  await revoke(next);
  await waitFor(() => records.at(-1)?.key === next);
  await waitFor(() => consumer.silentMs < 3_000);
});

it('is ready on topics that are empty', async () => {
  const { consumer, records } = listen('beginning', { topics: [topics.userState.name] });
  await consumer.ready;
  expect(records).toEqual([]);
});

it('reads from now on when asked for the latest, with nothing lost between ready and the first fetch', async () => {
  const { consumer, records, resets } = listen('latest');
  await consumer.ready;
  expect(resets).toEqual([0]);
  const keys = Array.from({ length: 5 }, () => randomUUID());
  for (const key of keys) await revoke(key);
  await waitFor(() => records.length === 5);
  expect(records.map(({ key }) => key)).toEqual(keys);
});

it('reads from a moment or from the end, and goes on there after a reconnect without missing what came meanwhile', async () => {
  await revoke(randomUUID());
  await new Promise((resolve) => setTimeout(resolve, 20));
  const moment = new Date();
  const keys = [randomUUID()];
  await revoke(keys[0] as string);
  const since = listen(moment);
  const end = listen('end');
  await Promise.all([since.consumer.ready, end.consumer.ready]);
  const reconnected = Promise.all([since.consumer.reconnect(), end.consumer.reconnect()]);
  for (let i = 0; i < 3; i += 1) await revoke(keys[keys.push(randomUUID()) - 1] as string);
  await reconnected;
  await waitFor(() => since.records.length >= 4 && end.records.length >= 3);
  expect(since.records.map(({ key }) => key)).toEqual(keys);
  expect(end.records.map(({ key }) => key)).toEqual(keys.slice(1));
  expect([since.resets, end.resets]).toEqual([[], []]);
});

it('gives every replica every record', async () => {
  const listeners = [listen('beginning'), listen('beginning')];
  await Promise.all(listeners.map(({ consumer }) => consumer.ready));
  const key = randomUUID();
  await revoke(key);
  await waitFor(() => listeners.every(({ records }) => records.at(-1)?.key === key));
});

it('survives a handler that throws, and leaves no group behind', async () => {
  const seen: string[] = [];
  const { consumer } = listen('latest', {
    app: 'short-lived',
    onRecord: ({ key }) => {
      seen.push(key);
      throw new TypeError('a bug');
    },
  });
  await consumer.ready;
  const keys = [randomUUID(), randomUUID()];
  for (const key of keys) await revoke(key);
  await waitFor(() => seen.length === 2);
  await consumer.close();
  const admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
  await admin.connect();
  const { groups } = await admin.listGroups();
  await admin.disconnect();
  const left = groups.filter(({ groupId }) => groupId.startsWith(`${spec.prefix}short-lived.`));
  expect(left).toEqual([]);
});

it('goes on where it was after a reconnect, without a second delivery and without a reset', async () => {
  const { consumer, records, resets } = listen('beginning');
  await consumer.ready;
  await consumer.reconnect();
  const key = randomUUID();
  await revoke(key);
  await waitFor(() => records.at(-1)?.key === key);
  expect(new Set(records.map(({ offset }) => offset)).size).toBe(records.length);
  expect(resets).toEqual([]);
});

it('does not reach the database library from its door', () => {
  const folder = new URL('.', import.meta.url);
  const reached = new Set<string>();
  const visit = (file: URL) => {
    if (reached.has(file.href)) return;
    reached.add(file.href);
    const text = readFileSync(new URL(file.href.replace(/\.js$/, '.ts')), 'utf8');
    expect([file.pathname, /@nest-arch\/database|from 'pg'|typeorm/.test(text)]).toEqual([
      file.pathname,
      false,
    ]);
    for (const [, path] of text.matchAll(/from '(\.[^']+)'/g)) visit(new URL(path as string, file));
  };
  for (const name of readdirSync(folder)) if (!name.includes('spec')) visit(new URL(name, folder));
  expect(reached.size).toBeGreaterThan(4);
});
