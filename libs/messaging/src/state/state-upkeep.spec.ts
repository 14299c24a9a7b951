import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { heartbeatType, topics, userErasuresV1 } from '@nest-arch/contracts';
import { execute, one, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lastRecords, people, readRaw } from '../../test/state.js';
import { messagingSpec, newReplica, readTopics } from '../../test/support.js';
import { Chores, type Chore } from './chores.js';
import { StateUpkeep, type StateUpkeepOptions } from './state-upkeep.js';

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let replica: ReturnType<typeof newReplica>;

beforeAll(async () => {
  spec = await messagingSpec({ topics: [topics.userState, topics.erasures] });
  await people.create(spec.db);
  replica = newReplica(spec);
  replica.relay.start();
});
afterAll(async () => {
  await replica.stop();
  await spec.drop();
});

function newUpkeep(upkeep: StateUpkeepOptions, brokers = spec.brokers) {
  const { db, prefix: topicPrefix } = spec;
  const states = [people.source, { event: userErasuresV1 }];
  const options = { brokers, topicPrefix, appName: 'spec', states, upkeep };
  return new StateUpkeep({ db, outbox: replica.outbox, publisher: replica.publisher, options });
}

it('writes one heartbeat on each partition in an hour, however many replicas there are', async () => {
  const replicas = [newUpkeep({}), newUpkeep({}), newUpkeep({})];
  replicas.forEach((upkeep) => upkeep.start());
  await waitFor(async () => (await readRaw(spec)).length >= 8);
  // The second and third have looked by now, and found the chore taken.
  await waitFor(async () => (await dueAfter('state.heartbeats')) > 3_000);
  await Promise.all(replicas.map((upkeep) => upkeep.stop()));

  const beats = await readRaw(spec);
  expect(beats.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const { partition, key, value, headers } of beats)
    expect({ key, value, type: headers['ce_type'] }).toEqual({
      key: `heartbeat-${partition}`,
      value: '{}',
      type: heartbeatType,
    });
  // Whoever reads the topic does not get to see them.
  expect(await readTopics(spec, topics.userState, topics.erasures)).toEqual([]);
});

it('repairs the topic by itself when the comparison is due', async () => {
  const userId = uuidv7();
  await spec.db.transaction((tx) => people.save(tx, null, userId));
  await execute(spec.db, `delete from chores`);
  const upkeep = newUpkeep({ compareEveryMs: 300 });
  upkeep.start();
  await waitFor(async () => (await lastRecords(spec)).get(userId)?.version === 1, { timeoutMs: 15_000 });
  await upkeep.stop();
});

it('stops at once although no broker answers', async () => {
  await execute(spec.db, `delete from chores`);
  // A port that takes connections and says nothing.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const connected = once(silent, 'connection');
  const upkeep = newUpkeep({}, [`127.0.0.1:${(silent.address() as AddressInfo).port}`]);
  upkeep.start();
  await connected;
  await upkeep.stop();
  // Due again at once, for another replica.
  await waitFor(async () => (await dueAfter('state.heartbeats')) <= 0);
  silent.close();
});

it('gives a chore to another replica when the one that had it died, and at once when it was stopped', async () => {
  const runs: string[] = [];
  const chore = (holder: string, run: Chore['run'] = async () => {}): Chore => ({
    ...{ name: 'spec.chore', everyMs: 200, firstAfterMs: 0 },
    run: async (signal) => {
      runs.push(holder);
      await run(signal);
    },
  });
  const untilStopped = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
  const first = new Chores(spec.db, [chore('first', untilStopped)]);
  first.start();
  await waitFor(() => runs.length === 1);
  const second = new Chores(spec.db, [chore('second')]);
  second.start();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(runs).toEqual(['first']);
  await first.stop();
  await waitFor(() => runs.includes('second'));

  // What a replica leaves that was killed: due when its hold is over.
  await second.stop();
  await execute(
    spec.db,
    `update chores set due_at = now() + interval '200 milliseconds' where name = 'spec.chore'`,
  );
  const third = new Chores(spec.db, [chore('third')]);
  third.start();
  await waitFor(() => runs.includes('third'));
  await third.stop();
});

it('tries a chore again soon that failed', async () => {
  let tries = 0;
  const failing: Chore = {
    ...{ name: 'spec.failing', everyMs: 100, firstAfterMs: 0 },
    run: async () => {
      tries += 1;
      if (tries === 1) throw new Error('Kafka is away');
    },
  };
  const chores = new Chores(spec.db, [failing]);
  chores.start();
  await waitFor(() => tries >= 2);
  await chores.stop();
});

async function dueAfter(name: string): Promise<number> {
  const { seconds } = await one<{ seconds: number }>(
    spec.db,
    `select extract(epoch from due_at - now())::float8 as seconds from chores where name = $1`,
    [name],
  );
  return seconds;
}
