import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { execute, many } from '@nest-arch/database';
import { testDatabase, waitFor, type TestDatabase } from '@nest-arch/testing';
import { startKafka, type KafkaEngine } from '../../../tools/engines/kafka.ts';
import { startServer } from '../test/event-server.js';
import { newReplica } from '../test/support.js';
import { BroadcastConsumer } from './broadcast/index.js';
import type { EventContext } from './consumer/event-context.js';
import { OnEvent } from './consumer/on-event.js';
import { messagingMigrations } from './migrations/index.js';
import { createTopics } from './topics/create-topics.js';

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1)
  registered(@Ctx() { tx, key, version }: EventContext) {
    return execute(tx, `insert into effects values ($1, $2)`, [key, version]);
  }
}

let folder: string;
let kafka: KafkaEngine;
let database: TestDatabase;

const boot = (ports: { port?: number; controllerPort?: number } = {}) =>
  startKafka({
    dataDir: join(folder, 'kafka'),
    logFile: join(folder, 'kafka.log'),
    shortLived: true,
    ...ports,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outage-'));
  [kafka, database] = await Promise.all([
    boot(),
    testDatabase({ migrations: messagingMigrations, poolSize: 10 }),
  ]);
  const only = [topics.userEvents];
  await createTopics({ brokers: [kafka.brokers], only, groups: { spec: only } });
  await execute(database.db, `create table effects (key uuid, version int, seq serial)`);
}, 60_000);
afterAll(async () => {
  await kafka.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

it('writes go on while the broker is gone, and everything arrives once and in order when it is back', async () => {
  const { port, controllerPort } = kafka;
  const spec = { brokers: [kafka.brokers], prefix: '', db: database.db };
  const replica = newReplica(spec);
  replica.relay.start();
  const { server, service } = await startServer(spec, [Registrations]);
  const heard = new Set<string>();
  const broadcast = new BroadcastConsumer({
    brokers: spec.brokers,
    app: 'spec',
    topics: [topics.userEvents.name],
    from: 'beginning',
    onRecord: ({ headers }) => heard.add(headers['ce_id'] ?? ''),
  });
  broadcast.start();
  await broadcast.ready;

  const keys = [randomUUID(), randomUUID(), randomUUID()];
  let version = 0;
  const announce = async () => {
    version += 1;
    for (const key of keys) {
      const data = { ...userRegisteredV1.fixture, userId: key, version };
      await database.db.transaction((tx) => replica.outbox.add(tx, userRegisteredV1, data, { key, version }));
    }
  };
  for (const end of ['SIGTERM', 'SIGKILL'] as const) {
    for (let i = 0; i < 5; i += 1) await announce();
    if (end === 'SIGTERM') await kafka.stop();
    else {
      process.kill(kafka.process.pid as number, 'SIGKILL');
      await kafka.process.exited;
    }
    const until = Date.now() + 8_000;
    while (Date.now() < until) {
      await announce();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(broadcast.silentMs).toBeGreaterThan(5_000);
    await server.checkLive();
    server.checkReady();
    kafka = await boot({ port, controllerPort });
    await waitFor(() => heard.size === version * keys.length, { timeoutMs: 30_000, what: 'the broadcast' });
    await waitFor(async () => (await effects()).length === version * keys.length, { timeoutMs: 30_000 });
  }
  const inOrder = Array.from({ length: version }, (_, index) => index + 1);
  const rows = await effects();
  for (const key of keys)
    expect(rows.filter((row) => row.key === key).map((row) => row.version)).toEqual(inOrder);

  await service.close();
  await broadcast.close();
  await replica.stop();
}, 150_000);

function effects() {
  return many<{ key: string; version: number }>(database.db, `select key, version from effects order by seq`);
}
