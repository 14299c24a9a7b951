import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
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
import { waitFor } from '@nest-arch/testing';
import { publish, startServer } from '../../test/event-server.js';
import { migratePeople, People, startProjection } from '../../test/projection.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import type { EventContext } from './event-context.js';
import { OnEvent } from './on-event.js';

const exporter = new InMemorySpanExporter();
const failing = new Set<string>();
const seen = new Map<string, string | undefined>();
const read = [topics.userEvents, topics.userState];

@Controller()
class SpecController {
  @OnEvent(userRegisteredV1)
  registered(@Payload() _data: unknown, @Ctx() { key }: EventContext) {
    seen.set(key, trace.getActiveSpan()?.spanContext().spanId);
    if (failing.delete(key)) throw new Error('once');
  }
}

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let people: People;
let stop: () => Promise<unknown>;

beforeAll(async () => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  spec = await messagingSpec({ topics: read, groups: { spec: read, 'spec.people': read } });
  await migratePeople(spec.db);
  publisher = newPublisher(spec);
  people = new People();
  const { service } = await startServer(spec, [SpecController]);
  const server = await startProjection(spec, people);
  stop = () => Promise.all([service.close(), server.close()]);
});
afterAll(async () => {
  await stop();
  await publisher.close();
  await spec.drop();
});
beforeEach(() => exporter.reset());

const spans = (name: string, count: number): Promise<ReadableSpan[]> =>
  waitFor(() => {
    const found = exporter.getFinishedSpans().filter((span) => span.name === name);
    return found.length >= count && found;
  });

const cause = (digit: string) => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });

it('is one span for each try of a message, below the span in which it was made', async () => {
  const key = randomUUID();
  failing.add(key);
  const headers = cause('a');
  await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, { key, headers, partition: 2 });
  const [first, second] = (await spans(`process ${userRegisteredV1.type}`, 2)) as [
    ReadableSpan,
    ReadableSpan,
  ];
  expect(first.status).toEqual({ code: SpanStatusCode.ERROR, message: 'Error' });
  expect(second.status.code).toBe(SpanStatusCode.UNSET);
  for (const span of [first, second])
    expect(span).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: { traceId: 'a'.repeat(32), spanId: 'a'.repeat(16) },
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topics.userEvents.name,
        'messaging.destination.partition.id': '2',
        'messaging.consumer.group.name': 'spec',
        'messaging.kafka.offset': 0,
      },
    });
  expect(seen.get(key)).toBe(second.spanContext().spanId);
});

it('is one span for a batch, linked to each of its causes', async () => {
  const [blocking, ...keys] = Array.from({ length: 4 }, () => randomUUID());
  const [begun, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  people.before = async (_, batch) => {
    if (!batch.includes(blocking as string)) return;
    begun.resolve();
    await letGo.promise;
  };
  const say = (key: string, headers?: Record<string, string>) =>
    publish(
      publisher,
      userStateV1,
      { ...userStateV1.fixture, userId: key },
      { key, version: 1, partition: 0, ...(headers && { headers }) },
    );
  await say(blocking as string);
  await begun.promise;
  for (const [index, key] of keys.entries()) await say(key, index < 2 ? cause(String(index + 1)) : undefined);
  // Fetched, but not begun.
  await new Promise((resolve) => setTimeout(resolve, 400));
  letGo.resolve();
  const all = await spans(`process ${topics.userState.name}`, 2);
  const span = all.find(({ attributes }) => attributes['messaging.batch.message_count'] === 3);
  expect(span).toMatchObject({ kind: SpanKind.CONSUMER, parentSpanContext: undefined });
  expect(span?.attributes).toMatchObject({
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': 'spec.people',
  });
  const links = span?.links.map((link) => [
    link.context.traceId,
    link.attributes?.['messaging.kafka.offset'],
  ]);
  expect(links).toEqual([
    ['1'.repeat(32), 1],
    ['2'.repeat(32), 2],
  ]);
});
