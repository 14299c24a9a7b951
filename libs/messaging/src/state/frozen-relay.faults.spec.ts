import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { people, readRaw } from '../../test/state.js';
import { messagingSpec, newReplica } from '../../test/support.js';
import { StateUpkeep } from './state-upkeep.js';

const patience = { timeoutMs: 40_000 };
const lease = { leaseMs: 1_500, marginMs: 400 };
const entry = join(import.meta.dirname, '../../test/freezing-relay.ts');

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let frozen: ChildProcess;

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userState] });
  await people.create(spec.db);
});
afterAll(async () => {
  frozen.kill('SIGKILL');
  await spec.drop();
});

/** The letter by which the kernel names the state of a process: T is stopped. */
const stateOfProcess = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
const untilSent = () =>
  waitFor(
    async () => (await one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`)).n === 0,
    patience,
  );

it('what a relay wrote that was stopped past its lease is found and put right', async () => {
  const { url, brokers, prefix } = spec;
  frozen = fork(entry, [JSON.stringify({ url, brokers, prefix, ...lease })], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  await once(frozen, 'message');
  const replica = newReplica(spec, lease);
  const userId = uuidv7();
  const change = () => spec.db.transaction((tx) => people.save(tx, replica.outbox, userId));
  const versions = async () => (await readRaw(spec)).map(({ headers }) => Number(headers['ce_version']));
  await change();
  await waitFor(() => stateOfProcess(frozen.pid as number) === 'T', {
    ...patience,
    what: 'the relay to stop',
  });

  replica.relay.start();
  await change();
  await waitFor(() => replica.relay.holds(0) && replica.relay.holds(63), patience);
  await untilSent();
  expect(await versions()).toEqual([1, 2]);

  frozen.kill('SIGCONT');
  await waitFor(async () => (await versions()).at(-1) === 1, { ...patience, what: 'the late record' });
  expect(await versions()).toEqual([1, 2, 1]);

  const upkeep = new StateUpkeep({
    ...{ db: spec.db, outbox: replica.outbox, publisher: replica.publisher },
    options: {
      ...{ brokers, topicPrefix: prefix, appName: 'spec', states: [people.source] },
      upkeep: { compareEveryMs: 500 },
    },
  });
  upkeep.start();
  await waitFor(async () => (await readRaw(spec)).filter(({ key }) => key === userId).length === 4, {
    ...patience,
    what: 'the repair',
  });
  await upkeep.stop();
  const last = (await readRaw(spec)).filter(({ key }) => key === userId).at(-1);
  expect(last).toMatchObject({ headers: { ce_version: '2' } });
  await replica.stop();
}, 180_000);
