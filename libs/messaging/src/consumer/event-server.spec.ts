import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  heartbeatType,
  profileErasedV1,
  topics,
  userEmailVerifiedV1,
  userErasureDueV1,
  userRegisteredV1,
  userStateV1,
} from '@nest-arch/contracts';
import { execute, many, one } from '@nest-arch/database';
import { currentTraceId, initTracing } from '@nest-arch/platform';
import { waitFor } from '@nest-arch/testing';
import { lagOf, publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import { DeadLetters } from '../dead-letters/index.js';
import { markErased } from '../inbox/erased-users.js';
import { PermanentError, type EventContext } from './event-context.js';
import { OnEvent } from './on-event.js';

type Behaviour = (context: EventContext) => Promise<void> | void;
/** What the handlers do beside recording their effect, by key. */
const behaviours = new Map<string, Behaviour>();

async function effect(context: EventContext): Promise<void> {
  await behaviours.get(context.key)?.(context);
  await execute(context.tx, `insert into effects (event_id, user_id, type) values ($1, $2, $3)`, [
    context.id,
    context.key,
    context.tombstone ? 'tombstone' : context.type,
  ]);
}

@Controller()
class SpecController {
  @OnEvent(userRegisteredV1)
  registered(@Payload() _data: unknown, @Ctx() context: EventContext) {
    return effect(context);
  }

  @OnEvent(userErasureDueV1)
  async erase(@Payload() _data: unknown, @Ctx() context: EventContext) {
    await markErased(context.tx, context.key);
    await effect(context);
  }

  @OnEvent(userStateV1)
  state(@Payload() data: unknown, @Ctx() context: EventContext) {
    if (context.tombstone !== (data === null)) throw new PermanentError('a tombstone has no data');
    return effect(context);
  }

  @OnEvent(profileErasedV1)
  erased(@Payload() _data: unknown, @Ctx() context: EventContext) {
    return effect(context);
  }
}

const read = [topics.userEvents, topics.userState, topics.profileEvents];
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let running: Awaited<ReturnType<typeof startServer>>;
let publisher: ReturnType<typeof newPublisher>;
let letters: DeadLetters;

beforeAll(async () => {
  await initTracing('spec', { OTEL_EXPORTER_OTLP_ENDPOINT: undefined, OTEL_TRACES_SAMPLE_RATIO: 0 } as never);
  spec = await messagingSpec({ topics: read, groups: { spec: read } });
  await execute(spec.db, `create table effects (event_id text, user_id text, type text)`);
  publisher = newPublisher(spec);
  letters = new DeadLetters({ brokers: spec.brokers, topicPrefix: spec.prefix });
  running = await startServer(spec, [SpecController], { deadlineMs: 2_500 });
});
afterAll(async () => {
  await running.service.close();
  await Promise.all([publisher.close(), letters.disconnect()]);
  await spec.drop();
});
beforeEach(() => behaviours.clear());

const effectsOf = (key: string) =>
  many<{ type: string }>(spec.db, `select type from effects where user_id = $1`, [key]).then((rows) =>
    rows.map(({ type }) => type),
  );
const effects = (key: string, count = 1) =>
  waitFor(async () => (await effectsOf(key)).length >= count, { what: `${count} effects of ${key}` });

function register(
  key: string,
  options: { id?: string; partition?: number; headers?: Record<string, string> } = {},
) {
  const data = { ...userRegisteredV1.fixture, userId: randomUUID() };
  return publish(publisher, userRegisteredV1, data, { key, ...options });
}

async function letterOf(key: string) {
  return waitFor(async () => {
    const open = await letters.list('spec', [topics.userEvents.name, topics.userState.name]);
    return open.find((letter) => letter.key === key);
  });
}

/** All that was sent so far has been dealt with, and the offsets say so. */
const committed = () => waitFor(async () => (await lagOf(spec, 'spec', topics.userEvents.name)) === 0);

describe('an event', () => {
  it('has one effect however often it is delivered', async () => {
    const key = randomUUID();
    const id = await register(key);
    await Promise.all([
      register(key, { id }),
      register(key, { id, partition: 3 }),
      register(key, { id, partition: 5 }),
    ]);
    await committed();
    expect(await effectsOf(key)).toEqual([userRegisteredV1.type]);
  });

  it('is deduplicated under ids that are no UUIDv7 too', async () => {
    const key = randomUUID();
    for (let i = 0; i < 3; i += 1) await register(key, { id: 'order/4711' });
    await committed();
    expect(await effectsOf(key)).toHaveLength(1);
  });

  it('runs in the trace of its cause', async () => {
    const key = randomUUID();
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    let seen = '';
    behaviours.set(key, () => {
      seen = currentTraceId();
    });
    await register(key, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    await effects(key);
    expect(seen).toBe(traceId);
  });

  it('is committed when nobody here handles its type, when nobody knows it, and when it is a heartbeat', async () => {
    const key = randomUUID();
    await publish(publisher, userEmailVerifiedV1, userEmailVerifiedV1.fixture, { key });
    await register(key, { headers: { ce_type: 'auth.user.teleported.v1' } });
    await register(key, { headers: { ce_type: heartbeatType } });
    await register(key, { headers: { 'x-replay-for': 'another-group' } });
    await committed();
    expect(await effectsOf(key)).toEqual([]);
    expect(
      (await letters.list('spec', [topics.userEvents.name])).filter((letter) => letter.key === key),
    ).toEqual([]);
  });
});

describe('a record that cannot be handled', () => {
  it.each([
    ['a handler with a bug', {}, 'unknown', 'TypeError', 5],
    ['a handler that refuses', {}, 'permanent', 'PermanentError: no such plan', 1],
    [
      'a newer version',
      { ce_type: 'auth.user.registered.v2' },
      'unknown_version',
      'auth.user.registered.v2',
      1,
    ],
    ['a missing id', { ce_id: '' }, 'missing_headers', 'ce_id', 1],
  ])(
    'goes to the dead letters and does not stop its partition: %s',
    async (name, headers, reason, detail, attempts) => {
      const [poison, next] = [randomUUID(), randomUUID()];
      behaviours.set(poison, () => {
        if (name.endsWith('refuses')) throw new PermanentError('no such plan');
        throw new TypeError('Cannot read properties of undefined');
      });
      const id = await register(poison, { partition: 1, headers });
      await register(next, { partition: 1 });
      await effects(next);
      const letter = await letterOf(poison);
      expect(letter).toMatchObject({
        reason,
        attempts,
        topic: topics.userEvents.name,
        partition: 1,
        group: 'spec',
      });
      expect(letter.detail).toContain(detail);
      expect(letter.eventId).toBe('ce_id' in headers ? '' : id);
      expect(letter.data).toMatchObject({ source: 'self' });
      expect(await effectsOf(poison)).toEqual([]);
    },
  );

  it('is told apart by what is wrong with it, without quoting it', async () => {
    const [broken, wrong] = [randomUUID(), randomUUID()];
    const headers = {
      ce_specversion: '1.0',
      ce_id: randomUUID(),
      ce_source: '/spec',
      ce_type: userRegisteredV1.type,
      ce_time: new Date().toISOString(),
    };
    const topic = topics.userEvents.name;
    await publisher.send([
      { topic, key: broken, value: '{"userId": "secret', headers },
      { topic, key: wrong, value: '{"userId": "secret"}', headers },
    ]);
    expect(await letterOf(broken)).toMatchObject({ reason: 'invalid_json', data: undefined });
    const letter = await letterOf(wrong);
    expect(letter.reason).toBe('schema_mismatch');
    expect(letter.detail).toContain('version');
    expect(letter.detail).not.toContain('secret');
  });

  it('is kept without its value when it is state', async () => {
    const key = randomUUID();
    behaviours.set(key, () => {
      throw new PermanentError('never');
    });
    await publish(publisher, userStateV1, userStateV1.fixture, { key, version: 3 });
    const letter = await letterOf(key);
    expect(letter).toMatchObject({ topic: topics.userState.name, reason: 'permanent', data: null });
    expect(letter.headers).toMatchObject({ ce_version: '3' });
  });

  it('has its effect once it is replayed after the repair, and only once', async () => {
    const key = randomUUID();
    behaviours.set(key, () => {
      throw new PermanentError('not yet');
    });
    await register(key);
    const { id } = await letterOf(key);
    behaviours.clear();
    expect(await letters.replay(id)).toBe('replayed');
    await effects(key);
    expect(await letters.replay(id)).toBeUndefined();
    expect(await letters.show(id)).toBeUndefined();
    await committed();
    expect(await effectsOf(key)).toHaveLength(1);
  });

  it('can be dropped', async () => {
    const key = randomUUID();
    await register(key, { headers: { ce_time: 'yesterday' } });
    const { id } = await letterOf(key);
    expect([await letters.drop(id), await letters.drop(id)]).toEqual([true, false]);
  });
});

describe('trouble that passes', () => {
  it('is waited for, and the record has its effect once', async () => {
    const key = randomUUID();
    let tries = 0;
    behaviours.set(key, async ({ tx }) => {
      tries += 1;
      if (tries === 1) throw Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
      // The database drops this very connection in the middle of the transaction.
      if (tries === 2) await one(tx, `select pg_terminate_backend(pg_backend_pid())`);
      if (tries < 9) throw Object.assign(new Error('unavailable'), { status: 503 });
    });
    await register(key);
    await effects(key);
    await committed();
    expect(tries).toBe(9);
    expect(await effectsOf(key)).toHaveLength(1);
  });

  it('of a handler that hangs ends at the deadline and does not delay the other partitions', async () => {
    const stuck = randomUUID();
    let tries = 0;
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const late: Promise<unknown>[] = [];
    behaviours.set(stuck, async ({ tx }) => {
      tries += 1;
      // However slow the machine: never done before the others are.
      if (tries > 1) return released;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      // Awake after its deadline: its transaction is over and takes no more.
      late.push(execute(tx, `insert into effects (user_id) values ($1)`, [stuck]));
      await Promise.allSettled(late);
    });
    await register(stuck, { partition: 0 });
    await waitFor(() => tries === 1);
    const others = [1, 2, 3, 4, 5, 6, 7].map((partition) => ({ key: randomUUID(), partition }));
    for (const { key, partition } of others) await register(key, { partition });
    for (const { key } of others) await effects(key);
    expect(await effectsOf(stuck)).toEqual([]);
    release();
    await effects(stuck);
    await waitFor(() => late.length === 1);
    await expect(late[0]).rejects.toThrow('transaction has ended');
    expect(await effectsOf(stuck)).toHaveLength(1);
  });
});

describe('state and erasure', () => {
  it('hands a null value to the state handler as a tombstone', async () => {
    const key = randomUUID();
    await publish(publisher, userStateV1, userStateV1.fixture, { key, version: 1 });
    await publish(publisher, userStateV1, null, { key, version: 2 });
    await effects(key, 2);
    expect(await effectsOf(key)).toEqual([userStateV1.type, 'tombstone']);
  });

  it('skips the records of an erased user, except those that erase', async () => {
    const key = randomUUID();
    await publish(publisher, userErasureDueV1, { ...userErasureDueV1.fixture, userId: key }, { key });
    await effects(key);
    await register(key);
    await publish(publisher, userStateV1, userStateV1.fixture, { key, version: 9 });
    await publish(publisher, userStateV1, null, { key, version: 10 });
    await publish(publisher, profileErasedV1, profileErasedV1.fixture, { key });
    await effects(key, 3);
    await committed();
    expect((await effectsOf(key)).sort()).toEqual(
      [userErasureDueV1.type, profileErasedV1.type, 'tombstone'].sort(),
    );
  });
});
