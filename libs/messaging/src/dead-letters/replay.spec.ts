import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { execute, many } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf, publish, startServer } from '../../test/event-server.js';
import { migratePeople, People, startProjection } from '../../test/projection.js';
import { messagingSpec, newPublisher, readTopics } from '../../test/support.js';
import { PermanentError, type EventContext } from '../consumer/event-context.js';
import { OnEvent } from '../consumer/on-event.js';
import { createKafka } from '../kafka/kafka-client.js';
import { DeadLetters, type DeadLetter } from './index.js';

const failing = new Set<string>();

@Controller()
class SpecConsumer {
  @OnEvent(userRegisteredV1)
  async registered(_data: unknown, @Ctx() context: EventContext): Promise<void> {
    if (failing.has(context.key)) throw new PermanentError('not yet');
    await execute(context.tx, `insert into effects (user_id) values ($1)`, [context.key]);
  }
}

const read = [topics.userState, topics.userEvents];
const groups = ['spec', 'spec.people'];
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let consumer: Awaited<ReturnType<typeof startServer>>;
let projection: Awaited<ReturnType<typeof startProjection>>;
let letters: DeadLetters;
const people = new People();

beforeAll(async () => {
  spec = await messagingSpec({ topics: read, groups: { spec: [topics.userEvents], 'spec.people': read } });
  await migratePeople(spec.db);
  await execute(spec.db, `create table effects (user_id text)`);
  publisher = newPublisher(spec);
  letters = new DeadLetters({ brokers: spec.brokers, topicPrefix: spec.prefix });
  consumer = await startServer(spec, [SpecConsumer]);
  projection = await startProjection(spec, people);
  people.before = (_, keys) => {
    if (keys.some((key) => failing.has(key))) throw new PermanentError('not yet');
  };
});
afterAll(async () => {
  await Promise.all([consumer.service.close(), projection.close(), publisher.close(), letters.disconnect()]);
  await spec.drop();
});
afterEach(() => failing.clear());

const settled = () =>
  waitFor(async () => (await lagOf(spec, 'spec', topics.userEvents.name)) === 0 && (await projected()));
const projected = async () =>
  (await lagOf(spec, 'spec.people', topics.userEvents.name)) === 0 &&
  (await lagOf(spec, 'spec.people', topics.userState.name)) === 0;

function letterOf(group: string, topic: string, key: string): Promise<DeadLetter> {
  return waitFor(async () => (await letters.list(group, [topic])).find((letter) => letter.key === key));
}

async function register(key: string = randomUUID()): Promise<string> {
  await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, { key });
  return key;
}

const effectsOf = async (key: string) => ({
  single: (await many(spec.db, `select 1 from effects where user_id = $1`, [key])).length,
  batch: (await many(spec.db, `select 1 from arrivals where user_id = $1`, [key])).length,
});

/** Ends, as a process would that is killed after it has sent the record and before the letter is marked. */
class Dying extends DeadLetters {
  protected override close(): Promise<void> {
    return Promise.reject(new Error('killed'));
  }
}

describe('a replay', () => {
  it('has one effect in each group that failed, in batches too, however often it is repeated', async () => {
    const key = randomUUID();
    failing.add(key);
    await register(key);
    const open = await Promise.all(groups.map((group) => letterOf(group, topics.userEvents.name, key)));
    expect(await effectsOf(key)).toEqual({ single: 0, batch: 0 });
    failing.clear();
    const ids = open.map(({ id }) => id);
    expect([...(await letters.replayAll(ids)).values()]).toEqual(['replayed', 'replayed']);
    await settled();
    expect(await effectsOf(key)).toEqual({ single: 1, batch: 1 });
    // The same records again, past the marks.
    for (const { group, headers, eventId } of open)
      await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, {
        key,
        id: eventId,
        headers: { ce_source: headers['ce_source'] ?? '', 'x-replay-for': group },
      });
    await settled();
    expect(await effectsOf(key)).toEqual({ single: 1, batch: 1 });
    expect((await letters.replayAll(ids)).size).toBe(0);
  });

  it('reaches no group but the one that failed', async () => {
    const key = await register();
    await settled();
    expect(await letters.replay(await bury(key, 'spec.people'))).toBe('replayed');
    await settled();
    // Under an id that nobody has seen: only x-replay-for keeps the other group from a second effect.
    expect(await effectsOf(key)).toEqual({ single: 1, batch: 2 });
  });

  it('that died before the letter was marked leaves it open, and is repeated without a second effect', async () => {
    const key = randomUUID();
    failing.add(key);
    await register(key);
    const { id } = await letterOf('spec', topics.userEvents.name, key);
    failing.clear();
    const dying = new Dying({ brokers: spec.brokers, topicPrefix: spec.prefix });
    await expect(dying.replay(id)).rejects.toThrow('killed');
    await dying.disconnect();
    await settled();
    expect((await effectsOf(key)).single).toBe(1);
    expect(await letters.show(id)).toMatchObject({ id });
    expect(await letters.replay(id)).toBe('replayed');
    await settled();
    expect((await effectsOf(key)).single).toBe(1);
    expect(await letters.show(id)).toBeUndefined();
  });

  it('by two operators at once has one effect', async () => {
    const keys: string[] = Array.from({ length: 5 }, () => randomUUID());
    for (const key of keys) failing.add(key);
    for (const key of keys) await register(key);
    const open = await waitFor(async () => {
      const all = await letters.list('spec', [topics.userEvents.name]);
      const found = all.filter(({ key }) => keys.includes(key));
      return found.length === keys.length && found;
    });
    failing.clear();
    const other = new DeadLetters({ brokers: spec.brokers, topicPrefix: spec.prefix });
    const ids = open.map(({ id }) => id);
    await Promise.all([
      letters.replayAll(ids),
      other.replayAll(ids),
      letters.dropAll([]),
      other.replay(ids[0] ?? ''),
    ]);
    await other.disconnect();
    await settled();
    for (const key of keys) expect((await effectsOf(key)).single).toBe(1);
    expect(await letters.list('spec', [topics.userEvents.name])).toEqual([]);
  });

  it('that fails again makes a new letter', async () => {
    const key = randomUUID();
    failing.add(key);
    await register(key);
    const { id } = await letterOf('spec', topics.userEvents.name, key);
    await letters.replay(id);
    const next = await letterOf('spec', topics.userEvents.name, key);
    expect(next.id).not.toBe(id);
    expect(await letters.drop(next.id)).toBe(true);
    expect(next.headers).toMatchObject({ 'x-replay-for': 'spec', 'x-dlq-group': 'spec' });
  });
});

/** A letter of a record that the group never saw under this id. */
async function bury(
  key: string,
  group: string,
  more: Record<string, string> = {},
  value?: null,
): Promise<string> {
  const topic = topics.userEvents.name;
  const headers = {
    ce_specversion: '1.0',
    ce_id: randomUUID(),
    ce_type: userRegisteredV1.type,
    ce_time: new Date().toISOString(),
    ce_source: '/spec',
    'x-dlq-topic': topic,
    'x-dlq-group': group,
    'x-dlq-partition': '0',
    'x-dlq-offset': '0',
    ...more,
  };
  const name = `${topic}.${group}.dlq`;
  const [sent] = await publisher.send([
    { topic: name, key, value: value === null ? null : JSON.stringify(userRegisteredV1.fixture), headers },
  ]);
  return `${name}:0:${sent?.baseOffset}`;
}

describe('a replay of state', () => {
  const topic = topics.userState.name;
  const put = (key: string, version: number) =>
    publish(publisher, userStateV1, { ...userStateV1.fixture, version }, { key, version });
  const versionsOf = async (key: string) =>
    (await readTopics(spec, topics.userState))
      .filter((record) => record.key === key)
      .map(({ headers }) => headers['ce_version']);
  const stored = (key: string) =>
    many<{ version: number }>(spec.db, `select version from people where user_id = $1`, [key]);

  it('brings a projection what it could not take', async () => {
    const key = randomUUID();
    failing.add(key);
    await put(key, 4);
    const { id } = await letterOf('spec.people', topic, key);
    failing.clear();
    expect(await letters.replay(id)).toBe('replayed');
    await settled();
    expect(await stored(key)).toEqual([{ version: 4 }]);
    expect(await letters.replay(id)).toBeUndefined();
  });

  it('that died before the letter was marked is not sent a second time', async () => {
    const key = randomUUID();
    failing.add(key);
    await put(key, 4);
    const { id } = await letterOf('spec.people', topic, key);
    failing.clear();
    const dying = new Dying({ brokers: spec.brokers, topicPrefix: spec.prefix });
    await expect(dying.replay(id)).rejects.toThrow('killed');
    await dying.disconnect();
    expect(await letters.replay(id)).toBe('replayed');
    expect(await versionsOf(key)).toEqual(['4', '4']);
  });

  it('puts what the owner has said in between behind the copy', async () => {
    const key = randomUUID();
    failing.add(key);
    await put(key, 4);
    const { id } = await letterOf('spec.people', topic, key);
    failing.clear();
    await settled();
    // The owner speaks between the look at the topic and the copy: the look is the moment before the first send.
    const racing = new DeadLetters({ brokers: spec.brokers, topicPrefix: spec.prefix });
    const inner = (racing as unknown as { publisher: { send(records: unknown[]): Promise<unknown> } })
      .publisher;
    const send = inner.send.bind(inner);
    let spoken = false;
    inner.send = async (records) => {
      if (!spoken) await put(key, 5);
      spoken = true;
      return send(records);
    };
    expect(await racing.replay(id)).toBe('superseded');
    await racing.disconnect();
    expect(await versionsOf(key)).toEqual(['4', '5', '4', '5']);
    await settled();
    expect(await stored(key)).toEqual([{ version: 5 }]);
  });
});

describe('a letter that had no room for its record', () => {
  it('is replayed from the topic', async () => {
    const key = randomUUID();
    failing.add(key);
    const eventId = await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, {
      key,
      partition: 0,
    });
    const real = await letterOf('spec', topics.userEvents.name, key);
    const more = { ce_id: eventId, 'x-dlq-offset': real.offset, 'x-dlq-omitted': 'value' };
    const small = await bury(key, 'spec', more, null);
    await letters.drop(real.id);
    failing.clear();
    expect(await letters.replay(small)).toBe('replayed');
    await settled();
    expect((await effectsOf(key)).single).toBe(1);
  });

  it('stays when the topic no longer has it', async () => {
    const key = randomUUID();
    const admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
    await admin.connect();
    const name = spec.prefix + topics.userEvents.name;
    const end = (await admin.fetchTopicOffsets(name)).find(({ partition }) => partition === 0)?.high ?? '0';
    await admin.deleteTopicRecords({ topic: name, partitions: [{ partition: 0, offset: end }] });
    await admin.disconnect();
    const small = await bury(key, 'spec', { 'x-dlq-omitted': 'value' });
    expect(await letters.replay(small)).toBe('gone');
    expect(await letters.drop(small)).toBe(true);
  });
});

it('a letter that names another group than that of its topic is not replayed, and can be dropped', async () => {
  const headers = { 'x-dlq-topic': topics.userEvents.name, 'x-dlq-group': 'spec.people' };
  const topic = `${topics.userEvents.name}.spec.dlq`;
  await publisher.send([{ topic, key: 'forged', value: '{}', headers }]);
  const { id } = await letterOf('spec', topics.userEvents.name, 'forged');
  expect(await letters.replay(id)).toBe('gone');
  expect((await readTopics(spec, topics.userEvents)).filter(({ key }) => key === 'forged')).toEqual([]);
  expect(await letters.drop(id)).toBe(true);
});

describe('a dead-letter topic of any length', () => {
  it('is listed in parts, each letter once, and replayed or dropped in parts', async () => {
    const topic = `${topics.userEvents.name}.spec.dlq`;
    const headers = { 'x-dlq-topic': topics.userEvents.name, 'x-dlq-group': 'spec' };
    const value = 'x'.repeat(300);
    const records = Array.from({ length: 1_200 }, (_, index) => ({
      topic,
      key: `long-${index}`,
      value,
      headers,
    }));
    for (let at = 0; at < records.length; at += 500) await publisher.send(records.slice(at, at + 500));
    const all = await letters.list('spec', [topics.userEvents.name]);
    expect(all.map(({ key }) => key)).toEqual(records.map(({ key }) => key));
    // More are closed than one part holds: the list has to get over them to the rest.
    expect(await letters.dropAll(all.slice(10, 1_110).map(({ id }) => id))).toHaveLength(1_100);
    const { items, next } = await letters.page({
      groups: ['spec'],
      topics: [topics.userEvents.name],
      limit: 15,
    });
    expect(items.map(({ key }) => key)).toEqual([
      ...Array.from({ length: 10 }, (_, index) => `long-${index}`),
      ...Array.from({ length: 5 }, (_, index) => `long-${1_110 + index}`),
    ]);
    expect(next).not.toBeNull();
    await letters.dropAll(all.map(({ id }) => id));
  }, 60_000);
});
