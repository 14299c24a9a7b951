import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { execute, one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lastRecords, people, readRaw } from '../../test/state.js';
import { messagingSpec, newReplica } from '../../test/support.js';
import { markErased } from '../inbox/erased-users.js';
import { StateSnapshot, type SnapshotProgress } from './snapshot.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let replica: ReturnType<typeof newReplica>;
const users = Array.from({ length: 250 }, () => uuidv7()).sort();

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userState] });
  await people.create(spec.db);
  await execute(
    spec.db,
    `insert into people select id, 3, id || '@example.com' from unnest($1::uuid[]) as id`,
    [users],
  );
  replica = newReplica(spec);
  replica.relay.start();
});
afterAll(async () => {
  await replica.stop();
  await spec.drop();
});

const pending = async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n;
const newSnapshot = (limits: { pageSize?: number; mostPending?: number } = {}) =>
  new StateSnapshot({ db: spec.db, outbox: replica.outbox, source: people.source, ...limits });

it('announces every row at its version, and never fills the outbox beyond its limit', async () => {
  let most = 0;
  const watch = setInterval(() => void pending().then((n) => (most = Math.max(most, n))), 5);
  const done = await newSnapshot({ pageSize: 20, mostPending: 40 }).run();
  clearInterval(watch);
  expect(done).toEqual({ rows: 250, lastKey: users.at(-1) });
  await waitFor(async () => (await pending()) === 0);
  const last = await lastRecords(spec);
  expect([...last.keys()].sort()).toEqual(users);
  expect(new Set([...last.values()].map(({ version }) => version))).toEqual(new Set([3]));
  expect(most).toBeLessThan(60);
});

it('goes on behind the key where an earlier run ended', async () => {
  const steps: SnapshotProgress[] = [];
  const stopping = new AbortController();
  const interrupted = newSnapshot({ pageSize: 100 }).run({
    signal: stopping.signal,
    onProgress: (progress) => {
      steps.push(progress);
      stopping.abort();
    },
  });
  await expect(interrupted).rejects.toThrow();
  const rest = await newSnapshot().run({ after: steps[0]?.lastKey ?? null });
  expect([steps[0]?.rows, rest.rows]).toEqual([100, 150]);
});

it('never says an older state behind a newer one', async () => {
  const userId = users[0] as string;
  const snapshot = newSnapshot({ pageSize: 25 });
  let isDone = false;
  const changing = (async () => {
    while (!isDone) await spec.db.transaction((tx) => people.save(tx, replica.outbox, userId));
  })();
  for (let i = 0; i < 3; i += 1) await snapshot.run();
  isDone = true;
  await changing;
  await waitFor(async () => (await pending()) === 0);
  const versions = (await readRaw(spec))
    .filter(({ key }) => key === userId)
    .map(({ headers }) => Number(headers['ce_version']));
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
});

it('leaves out whom the service has erased', async () => {
  const userId = users[5] as string;
  await spec.db.transaction((tx) => markErased(tx, userId));
  expect((await newSnapshot().run()).rows).toBe(249);
});
