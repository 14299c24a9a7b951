import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { deadLetterTopic, topics, userRegisteredV1 } from '@nest-arch/contracts';
import { execute, many, openDatabase, type Db } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf, publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher, readTopics } from '../../test/support.js';
import { TcpProxy } from '../../test/tcp-proxy.js';
import type { EventContext } from './event-context.js';
import { consumerMetrics } from './metrics.js';
import { OnEvent } from './on-event.js';

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1, { group: 'unlucky' })
  unlucky(@Ctx() context: EventContext) {
    return note(context);
  }

  @OnEvent(userRegisteredV1, { group: 'lucky' })
  lucky(@Ctx() context: EventContext) {
    return note(context);
  }
}

function note({ tx, key }: EventContext) {
  return execute(tx, `insert into effects values ($1)`, [key]);
}

const read = [topics.userEvents];
const groups = ['unlucky', 'lucky'] as const;
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let other: Awaited<ReturnType<typeof messagingSpec>>;
let proxy: TcpProxy;
let unlucky: Db;
let servers: Awaited<ReturnType<typeof startServer>>[];

beforeAll(async () => {
  spec = await messagingSpec({
    topics: read,
    groups: Object.fromEntries(groups.map((name) => [name, read])),
  });
  other = await messagingSpec({ topics: [] });
  for (const { db } of [spec, other]) await execute(db, `create table effects (key uuid)`);
  proxy = await TcpProxy.open(spec.url);
  unlucky = await openDatabase({
    url: proxy.url,
    statementTimeoutMs: 300,
    answerTimeoutMs: 400,
    connectTimeoutMs: 400,
  });
  const start = (group: string, db: Db) =>
    startServer({ ...spec, db }, [Registrations], { group, deadlineMs: 1_000 });
  servers = await Promise.all([start('unlucky', unlucky), start('lucky', other.db)]);
}, 30_000);
afterAll(async () => {
  await Promise.all(servers.map(({ service }) => service.close()));
  await unlucky.close();
  await proxy.close();
  await Promise.all([spec.drop(), other.drop()]);
});

const effectsIn = async (db: Db) =>
  (await many<{ key: string }>(db, `select key from effects`)).map(({ key }) => key).sort();

const waitingPartitions = async () =>
  (await consumerMetrics.waiting.get()).values.find(({ labels }) => labels['group'] === 'unlucky')?.value;

it('a database that falls silent holds its own group up alone, which goes on by itself and loses nothing', async () => {
  const publisher = newPublisher(spec);
  const keys: string[] = [];
  const register = async (partition: number) => {
    const key = randomUUID();
    await publish(
      publisher,
      userRegisteredV1,
      { ...userRegisteredV1.fixture, userId: key },
      { key, partition },
    );
    keys.push(key);
  };
  for (const partition of [0, 1, 2, 3]) await register(partition);
  await waitFor(async () => (await effectsIn(spec.db)).length === 4);

  proxy.fallSilent();
  for (const partition of [0, 1, 2, 3, 0, 1, 2, 3]) await register(partition);
  await waitFor(async () => (await effectsIn(other.db)).length === 12, { what: 'the other group' });
  // More tries than a bug is given.
  await waitFor(async () => (await waitingPartitions()) === 4, { what: 'the partitions to be paused' });
  expect(await effectsIn(spec.db)).toHaveLength(4);
  await servers[0]?.server.checkLive();

  proxy.speakAgain();
  await waitFor(async () => (await effectsIn(spec.db)).length >= 12, { what: 'the group to catch up' });
  for (const group of groups) {
    await waitFor(async () => (await lagOf(spec, group, topics.userEvents.name)) === 0);
    expect(await readTopics(spec, deadLetterTopic(topics.userEvents.name, group))).toEqual([]);
  }
  expect(await effectsIn(spec.db)).toEqual([...keys].sort());
  expect(await effectsIn(other.db)).toEqual([...keys].sort());
  await publisher.close();
});
