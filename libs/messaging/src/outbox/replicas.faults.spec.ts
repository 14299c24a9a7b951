import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { one } from '@nest-arch/database';
import { testDatabase, waitFor, type TestDatabase } from '@nest-arch/testing';
import { startKafka, type KafkaEngine } from '../../../../tools/engines/kafka.ts';
import { freePort } from '../../../../tools/process/ports.ts';
import { newPublisher, newReplica, readTopics } from '../../test/support.js';
import { createKafka } from '../kafka/kafka-client.js';
import { messagingMigrations } from '../migrations/index.js';

let folder: string;
let first: KafkaEngine;
let second: KafkaEngine;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replicas-'));
  [first, database] = await Promise.all([
    startKafka({ dataDir: join(folder, 'first'), logFile: join(folder, 'first.log'), shortLived: true }),
    testDatabase({ migrations: messagingMigrations }),
  ]);
  second = await startSecond();
}, 90_000);
afterAll(async () => {
  await Promise.all([second.stop(), first.stop()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** A broker beside the first one, which stays the only controller. */
async function startSecond(port?: number): Promise<KafkaEngine> {
  const dataDir = join(folder, 'second');
  const own = await freePort(port);
  if (port === undefined) {
    const { 1: cluster } =
      /cluster\.id=(.*)/.exec(await readFile(join(folder, 'first', 'log', 'meta.properties'), 'utf8')) ?? [];
    await mkdir(join(dataDir, 'log'), { recursive: true });
    const meta = `version=1\ncluster.id=${cluster}\nnode.id=2\n`;
    await writeFile(join(dataDir, 'log', 'meta.properties'), meta);
  }
  return startKafka({
    dataDir,
    logFile: join(folder, 'second.log'),
    shortLived: true,
    port: own,
    settings: {
      'process.roles': 'broker',
      'node.id': 2,
      'controller.quorum.voters': `1@127.0.0.1:${first.controllerPort}`,
      listeners: `PLAINTEXT://127.0.0.1:${own}`,
    },
  });
}

/** Both brokers have every record, and both must. */
async function createTopic(): Promise<void> {
  const admin = createKafka({ brokers: [first.brokers], clientId: 'spec' }).admin();
  await admin.connect();
  await waitFor(async () => (await admin.describeCluster()).brokers.length === 2, { timeoutMs: 30_000 });
  const configEntries = [{ name: 'min.insync.replicas', value: '2' }];
  // The first broker leads, so that only the copy goes away.
  const replicaAssignment = [{ partition: 0, replicas: [1, 2] }];
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: topics.userEvents.name, replicaAssignment, configEntries }],
  });
  await admin.disconnect();
}

const pending = () =>
  one<{ n: number }>(database.db, `select count(*)::int as n from outbox`).then(({ n }) => n);

it('keeps an event while fewer replicas have it than must, and sends it when they are back', async () => {
  await createTopic();
  const spec = { brokers: [first.brokers], prefix: '', db: database.db };
  const replica = newReplica(spec);
  const publisher = newPublisher(spec);
  const announce = (key: string) =>
    database.db.transaction((tx) =>
      replica.outbox.add(tx, userRegisteredV1, { ...userRegisteredV1.fixture, userId: key }, { key }),
    );
  const [before, meanwhile] = [randomUUID(), randomUUID()];
  replica.relay.start();
  await announce(before);
  await waitFor(async () => (await pending()) === 0);

  const { port } = second;
  await second.stop();
  const record = { topic: topics.userEvents.name, key: 'probe', value: '{}', headers: {} };
  await waitFor(
    () =>
      publisher.send([record]).then(
        () => false,
        (error: unknown) => /in-sync replicas/.test(String(error)),
      ),
    { timeoutMs: 40_000, intervalMs: 500, what: 'the broker to refuse' },
  );
  await announce(meanwhile);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(await pending()).toBe(1);

  second = await startSecond(port);
  await waitFor(async () => (await pending()) === 0, { timeoutMs: 40_000, what: 'an empty outbox' });
  await Promise.all([replica.stop(), publisher.close()]);
  const keys = (await readTopics(spec, topics.userEvents))
    .map(({ key }) => key)
    .filter((key) => key !== 'probe');
  expect(new Set(keys)).toEqual(new Set([before, meanwhile]));
}, 150_000);
