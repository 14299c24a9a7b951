import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { many, one } from '@nest-arch/database';
import { initTracing, runWithTrace } from '@nest-arch/platform';
import { waitFor } from '@nest-arch/testing';
import { messagingSpec, newReplica, readTopics } from '../../test/support.js';
import { EventContractError } from './outbox.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let replica: ReturnType<typeof newReplica>;

beforeAll(async () => {
  await initTracing('spec', { OTEL_EXPORTER_OTLP_ENDPOINT: undefined, OTEL_TRACES_SAMPLE_RATIO: 0 } as never);
  spec = await messagingSpec({ topics: [topics.userEvents, topics.userState] });
  replica = newReplica(spec);
});
afterAll(async () => {
  await replica.stop();
  await spec.drop();
});

const pending = () => one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`);

it('refuses data with a field that the contract does not have, and data that lacks one', async () => {
  const { fixture } = userRegisteredV1;
  const { version: _, ...incomplete } = fixture;
  for (const data of [{ ...fixture, email: 'ada@example.com' }, incomplete]) {
    const adding = spec.db.transaction((tx) =>
      replica.outbox.add(tx, userRegisteredV1, data as never, { key: 'k' }),
    );
    await expect(adding).rejects.toThrow(EventContractError);
  }
  expect(await pending()).toEqual({ n: 0 });
});

it('announces nothing when the transaction is rolled back', async () => {
  const failing = spec.db.transaction(async (tx) => {
    await replica.outbox.add(tx, userRegisteredV1, userRegisteredV1.fixture, { key: 'k' });
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  expect(await pending()).toEqual({ n: 0 });
});

it('compiles with a transaction alone', () => {
  const { outbox } = replica;
  const data = userRegisteredV1.fixture;
  const misuses = [
    // @ts-expect-error -- a database commits each statement by itself
    () => outbox.add(spec.db, userRegisteredV1, data, { key: 'k' }),
    // @ts-expect-error -- its read replica too
    () => outbox.add(spec.db.replica, userRegisteredV1, data, { key: 'k' }),
    // @ts-expect-error -- TypeORM's manager may belong to no transaction
    () => outbox.add(spec.db.dataSource.manager, userRegisteredV1, data, { key: 'k' }),
    // @ts-expect-error -- nor is one optional
    () => outbox.tombstone(undefined, userStateV1, { key: 'k', version: 1 }),
    // @ts-expect-error -- and many are no exception
    () => outbox.addAll(spec.db, userRegisteredV1, [{ key: 'k', version: 1, data }]),
  ];
  // What counts is that the compiler agrees: npm run check.
  expect(misuses).toHaveLength(5);
});

it('numbers many records in the order of the list, and refuses all when one does not fit', async () => {
  const keys = Array.from({ length: 200 }, () => randomUUID());
  const records = keys.map((key, index) => ({
    ...{ key, version: index + 1 },
    data: { ...userRegisteredV1.fixture, userId: key },
  }));
  const [first] = records;
  if (!first) throw new Error('no records');
  const broken = [...records, { ...first, data: { ...first.data, userId: 'nobody' } }];
  const adding = spec.db.transaction((tx) => replica.outbox.addAll(tx, userRegisteredV1, broken));
  await expect(adding).rejects.toThrow(EventContractError);
  await spec.db.transaction((tx) => replica.outbox.addAll(tx, userRegisteredV1, records));
  const rows = await many<{ key: string; version: number }>(
    spec.db,
    `delete from outbox where topic = 'auth.user.events.v1' returning key, version, seq`,
  );
  const inOrder = rows.sort((a, b) => a.version - b.version) as { key: string; seq?: string }[];
  expect(inOrder.map(({ key }) => key)).toEqual(keys);
  const numbers = inOrder.map(({ seq }) => Number(seq));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

it('has no tombstone for events', async () => {
  const adding = spec.db.transaction((tx) =>
    replica.outbox.tombstone(tx, userRegisteredV1, { key: 'k', version: 2 }),
  );
  await expect(adding).rejects.toThrow(EventContractError);
});

it('publishes CloudEvents in binary mode with the trace of the cause, and tombstones without a value', async () => {
  const key = randomUUID();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const data = { ...userRegisteredV1.fixture, userId: key };
  await runWithTrace(traceparent, () =>
    spec.db.transaction(async (tx) => {
      await replica.outbox.add(tx, userRegisteredV1, data, { key, version: 7 });
      await replica.outbox.tombstone(tx, userStateV1, { key, version: 8 });
    }),
  );
  replica.relay.start();
  await waitFor(async () => (await pending()).n === 0);

  const [event] = await readTopics(spec, topics.userEvents);
  const [tombstone] = await readTopics(spec, topics.userState);
  expect(event).toMatchObject({ key, data });
  expect(event?.headers).toEqual({
    ce_specversion: '1.0',
    ce_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    ce_source: '/nest-arch/spec',
    ce_type: 'auth.user.registered.v1',
    ce_subject: key,
    ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    ce_dataschema: userRegisteredV1.dataschema,
    ce_version: '7',
    'content-type': 'application/json',
    traceparent: expect.stringContaining(traceId),
  });
  expect(tombstone).toMatchObject({ key, data: null });
  expect(tombstone?.message.value).toBeNull();
  expect(tombstone?.headers).toMatchObject({ ce_type: 'auth.user.state.v1', ce_version: '8' });
});
