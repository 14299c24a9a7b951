import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics, userStateV1 } from '@nest-arch/contracts';
import { one, uuidv7 } from '@nest-arch/database';
import { testDatabase, waitFor, type TestDatabase } from '@nest-arch/testing';
import { startKafka, type KafkaEngine } from '../../../../tools/engines/kafka.ts';
import { stateOf } from '../../test/state.js';
import { newPublisher, newReplica } from '../../test/support.js';
import { messagingMigrations } from '../migrations/index.js';
import { createTopics } from '../topics/create-topics.js';
import { Heartbeats } from './heartbeats.js';

// The settings of the contracts, in seconds instead of hours.
const segmentMs = 3_000;
const userState = {
  ...topics.userState,
  configs: {
    ...topics.userState.configs,
    'segment.ms': String(segmentMs),
    'max.compaction.lag.ms': '6000',
    'delete.retention.ms': '5000',
    'file.delete.delay.ms': '1000',
  },
};
/** Lag, segment, a heartbeat, the cleaner's pause, the broker's own delay; and a machine that is busy. */
const goneWithinMs = 30_000;

let folder: string;
let kafka: KafkaEngine;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compaction-'));
  [kafka, database] = await Promise.all([
    startKafka({
      dataDir: join(folder, 'kafka'),
      logFile: join(folder, 'kafka.log'),
      shortLived: true,
      settings: { 'log.cleaner.backoff.ms': 500 },
    }),
    testDatabase({ migrations: messagingMigrations }),
  ]);
}, 60_000);
afterAll(async () => {
  await kafka.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** Files of the broker's log in which the text stands. */
async function filesWith(text: string, prefix: string): Promise<string[]> {
  const pattern = [
    '-rlaF',
    '--include=*.log',
    '--include=*.deleted',
    '--include=*.cleaned',
    '--include=*.swap',
  ];
  const log = join(folder, 'kafka', 'log');
  const found = await promisify(execFile)('grep', [...pattern, text, log]).catch(
    (error: { code?: number }) => {
      // 1: nothing found. 2: a file went away while it was read; look again.
      if (error.code === 1) return { stdout: '' };
      throw error;
    },
  );
  return found.stdout.split('\n').filter((file) => file.includes(`/${prefix}`));
}

const anywhere = (text: string, prefix: string) =>
  waitFor(async () => ({ files: await filesWith(text, prefix) })).then(({ files }) => files.length > 0);

/** A person comes and is erased; answers the address that has to go. */
async function comeAndGo(prefix: string): Promise<string> {
  await createTopics({ brokers: [kafka.brokers], prefix, only: [userState], groups: {} });
  const spec = { brokers: [kafka.brokers], prefix, db: database.db };
  const replica = newReplica(spec);
  replica.relay.start();
  const userId = uuidv7();
  const email = `${userId}@forget-me.example`;
  const sent = () =>
    waitFor(async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n === 0);
  const key = { key: userId, version: 1 };
  const data = stateOf({ userId, version: 1, email });
  await database.db.transaction((tx) => replica.outbox.add(tx, userStateV1, data, key));
  await sent();
  expect(await anywhere(email, prefix)).toBe(true);
  await database.db.transaction((tx) => replica.outbox.tombstone(tx, userStateV1, { ...key, version: 2 }));
  await sent();
  await replica.stop();
  return email;
}

/** As the owner does it, but every second. */
async function withHeartbeats<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  const publisher = newPublisher({ brokers: [kafka.brokers], prefix });
  const options = { brokers: [kafka.brokers], appName: 'spec', topicPrefix: prefix, topics: [userState] };
  const heartbeats = new Heartbeats({ ...options, publisher });
  const timer = setInterval(() => void heartbeats.beat().catch(() => undefined), 1_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await publisher.close();
  }
}

const untilGone = (email: string, prefix: string) =>
  waitFor(async () => !(await anywhere(email, prefix)), {
    timeoutMs: goneWithinMs,
    what: 'the address to go',
  });

it('an erased address leaves the log of the broker, and without heartbeats it stays', async () => {
  const quiet = await comeAndGo('quiet.');
  const beating = await comeAndGo('beating.');

  await withHeartbeats('beating.', () => untilGone(beating, 'beating.'));
  // All that time nothing was appended to the other topic, so its segment was never closed.
  await sleep(3 * segmentMs);
  expect(await anywhere(quiet, 'quiet.')).toBe(true);

  await withHeartbeats('quiet.', () => untilGone(quiet, 'quiet.'));
}, 180_000);
