import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { asyncApiDocument, type EventDefinition, events, heartbeatType, topics } from '@nest-arch/contracts';
import { initTracing, runWithTrace } from '@nest-arch/platform';
import { one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { messagingSpec, newReplica, readTopics } from '../../test/support.js';
import { Heartbeats } from '../state/heartbeats.js';
import { readHeaders } from './headers.js';
import type { WireRecord } from './wire-record.js';

// One partition is enough to see what a record looks like.
const all = Object.values(topics).map((topic) => ({ ...topic, partitions: 1 }));
const states = events.filter((event) => event.topic.tombstones);

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let replica: ReturnType<typeof newReplica>;
beforeAll(async () => {
  await initTracing('spec', { OTEL_EXPORTER_OTLP_ENDPOINT: undefined, OTEL_TRACES_SAMPLE_RATIO: 0 } as never);
  spec = await messagingSpec({ topics: all });
  replica = newReplica(spec);
});
afterAll(async () => {
  await replica.stop();
  await spec.drop();
});

/** What the AsyncAPI document has against a record. */
function describedBy() {
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  const document = asyncApiDocument();
  ajv.addSchema(document, 'asyncapi');
  return (name: string, topic: string, record: { headers: object; payload: unknown }) => {
    const channel = document.channels[topic] as { messages: object } | undefined;
    if (!Object.hasOwn(channel?.messages ?? {}, name)) return [`${name} is not described on ${topic}`];
    return (['headers', 'payload'] as const).flatMap((part) => {
      ajv.validate(`asyncapi#/components/messages/${name}/${part}`, record[part]);
      return (ajv.errors ?? []).map((error) => `${name} ${part}${error.instancePath} ${error.message}`);
    });
  };
}

it('every kind of record on the wire is what the AsyncAPI document says', async () => {
  const { userId } = events.find(({ type }) => type === 'auth.user.registered.v1')?.fixture as {
    userId: string;
  };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await runWithTrace(traceparent, () =>
    spec.db.transaction(async (tx) => {
      for (const event of events as EventDefinition<unknown>[])
        await replica.outbox.add(tx, event, event.fixture, { key: userId, version: 2 });
      for (const event of states) await replica.outbox.tombstone(tx, event, { key: userId, version: 3 });
    }),
  );
  replica.relay.start();
  await waitFor(
    async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n === 0,
  );

  const against = describedBy();
  const records = await readTopics(spec, ...all);
  const seen = records.map(({ topic, message }) => {
    const headers = readHeaders(message.headers);
    const payload = message.value === null ? null : (JSON.parse(message.value.toString()) as unknown);
    const name = message.value === null ? `${headers['ce_type']}.tombstone` : String(headers['ce_type']);
    expect(against(name, topic, { headers, payload })).toEqual([]);
    return name;
  });
  const tombstones = states.map(({ type }) => `${type}.tombstone`);
  expect(new Set(seen)).toEqual(new Set([...events.map(({ type }) => type), ...tombstones]));
});

// Consumers skip them, so they are looked at on their way.
it('and so are heartbeats', async () => {
  const against = describedBy();
  const { publisher } = replica;
  const sent: WireRecord[] = [];
  const send: typeof publisher.send = (records) => {
    sent.push(...records);
    return publisher.send(records);
  };
  const owned = all.filter(({ kind }) => kind === 'state');
  const options = { brokers: spec.brokers, appName: 'spec', topicPrefix: spec.prefix, topics: owned };
  await new Heartbeats({ ...options, publisher: { send } }).beat();

  expect(sent.map(({ topic }) => topic)).toEqual(owned.map(({ name }) => name));
  for (const { topic, headers, value } of sent) {
    const payload = JSON.parse(String(value)) as unknown;
    expect(against(heartbeatType, topic, { headers, payload })).toEqual([]);
  }
});
