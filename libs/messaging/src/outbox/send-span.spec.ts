import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { execute, one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { messagingSpec, newReplica, readTopics } from '../../test/support.js';

const exporter = new InMemorySpanExporter();
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let replica: ReturnType<typeof newReplica>;

beforeAll(async () => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  spec = await messagingSpec({ topics: [topics.userEvents, topics.userState] });
  replica = newReplica(spec);
});
afterAll(async () => {
  await replica.stop();
  await spec.drop();
});
beforeEach(() => exporter.reset());

const spans = () => exporter.getFinishedSpans().filter(({ name }) => name.startsWith('send'));
const pending = async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n;

/** Adds an event in a request whose trace came from outside, and answers what its headers must carry. */
async function addFor(caller: { traceparent: string; tracestate: string }): Promise<void> {
  const request = propagation.extract(context.active(), caller);
  const key = uuidv7();
  const data = { ...userRegisteredV1.fixture, userId: key };
  await context.with(request, () =>
    spec.db.transaction((tx) => replica.outbox.add(tx, userRegisteredV1, data, { key })),
  );
}

it('sends many causes in one span, linked to each, and carries their contexts on as they were', async () => {
  const callers = ['a', 'b', 'c'].map((digit) => ({
    traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01`,
    tracestate: `vendor=${digit}`,
  }));
  for (const caller of callers) await addFor(caller);
  replica.relay.start();
  await waitFor(async () => (await pending()) === 0);

  // A new topic's first request may be refused by a broker that has not taken its partitions over yet.
  const taken = () => spans().filter(({ status }) => status.code !== SpanStatusCode.ERROR);
  const [span, ...others] = await waitFor(() => taken().length > 0 && taken());
  expect(others).toEqual([]);
  expect(span).toMatchObject({
    name: 'send auth.user.events.v1',
    kind: SpanKind.CLIENT,
    parentSpanContext: undefined,
  });
  expect(span?.attributes).toEqual({
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'auth.user.events.v1',
    'messaging.batch.message_count': 3,
  });
  const linked = (span as ReadableSpan).links.map(({ context: of }) => [
    of.traceId,
    of.traceState?.serialize(),
  ]);
  expect(linked).toEqual(['a', 'b', 'c'].map((digit) => [digit.repeat(32), `vendor=${digit}`]));
  const carried = (await readTopics(spec, topics.userEvents)).map(({ headers }) => ({
    traceparent: headers['traceparent'],
    tracestate: headers['tracestate'],
  }));
  expect(carried).toHaveLength(3);
  expect(carried).toEqual(expect.arrayContaining(callers));
});

it('names no destination when a request has several, and says what went wrong', async () => {
  const key = uuidv7();
  await spec.db.transaction(async (tx) => {
    await replica.outbox.add(tx, userRegisteredV1, { ...userRegisteredV1.fixture, userId: key }, { key });
    await replica.outbox.add(tx, userStateV1, { ...userStateV1.fixture, userId: key }, { key, version: 1 });
  });
  await waitFor(async () => (await pending()) === 0);
  expect(spans().map(({ name }) => name)).toEqual(['send']);
  expect(spans()[0]?.attributes).not.toHaveProperty('messaging.destination.name');
  expect(spans()[0]?.links).toEqual([]);

  exporter.reset();
  await execute(
    spec.db,
    `insert into outbox (bucket, id, topic, key, type, payload, headers)
     values (1, $1, 'profile.user.events.v1', 'k', 'some.type.v1', '{}', '{}')`,
    [uuidv7()],
  );
  const [failed] = await waitFor(() => spans().length > 0 && spans());
  expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
  expect(failed?.attributes['error.type']).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  await execute(spec.db, `delete from outbox`);
});
