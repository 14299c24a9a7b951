import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { execute, many, one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { publish } from '../../test/event-server.js';
import { migratePeople, People, projectionParts, startProjection } from '../../test/projection.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import { markErased } from '../inbox/erased-users.js';
import { createKafka } from '../kafka/kafka-client.js';
import { GenerationReader } from './generation-reader.js';
import type { ProjectionServer } from './projection-server.js';
import { onEvents } from './reads.js';
import { ReplayRefusedError } from './rebuild-claim.js';
import { Rebuild, type RebuildOptions } from './rebuild.js';

const read = [topics.userState, topics.userEvents];
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let people: People;
let servers: ProjectionServer[] = [];

beforeAll(async () => {
  spec = await messagingSpec({ topics: read, groups: { 'spec.people': read }, poolSize: 25 });
  await migratePeople(spec.db);
  publisher = newPublisher(spec);
  people = new People();
  servers = [await startProjection(spec, people), await startProjection(spec, people)];
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await publisher.close();
  await spec.drop();
});
const rebuild = (projection = new People(), options: RebuildOptions = {}) =>
  new Rebuild(projectionParts(spec), projection, options).run();

async function said(version: number, key: string = randomUUID()): Promise<string> {
  const state = { ...userStateV1.fixture, userId: key, version, email: `${key}@example.com` };
  await publish(publisher, userStateV1, state, { key, version });
  return key;
}

const versionOf = async (key: string) => {
  const rows = await many<{ version: number }>(spec.db, `select version from people where user_id = $1`, [
    key,
  ]);
  return rows[0]?.version;
};

const schemas = async () => {
  const rows = await many<{ name: string }>(
    spec.db,
    `select nspname as name from pg_namespace where nspname like 'people%' order by 1`,
  );
  return rows.map(({ name }) => name);
};

const active = async () =>
  (await one<{ generation: number }>(spec.db, `select generation from projections where name = 'people'`))
    .generation;

describe('a replay', () => {
  it('takes the place of what was there without a gap for readers, and what runs goes on with it', async () => {
    const keys = await Promise.all(Array.from({ length: 40 }, () => said(1)));
    for (const key of keys) await waitFor(async () => (await versionOf(key)) === 1);
    // A row that nobody has said: it shows which tables are read.
    const stray = randomUUID();
    await execute(spec.db, `insert into people (user_id, email, version) values ($1, 'stray', 1)`, [stray]);
    let reading = true;
    const seen: number[] = [];
    const readers = [1, 2, 3].map(async () => {
      while (reading) {
        const { count } = await one<{ count: number }>(spec.db, `select count(*)::int as count from people`);
        seen.push(count);
      }
    });
    const writers = (async () => {
      for (let version = 2; reading; version += 1) await said(version, keys[0]);
    })();
    const generation = await active();
    const result = await rebuild();
    reading = false;
    await Promise.all([...readers, writers]);

    expect(result.generation).toBe(generation + 1);
    expect(result.after.count).toBe(result.before.count - 1);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(40);
    expect(await versionOf(stray)).toBeUndefined();
    expect(await schemas()).toEqual([`people_${generation + 1}`]);
    await waitFor(() => servers.every((server) => server.generation === generation + 1));
    await waitFor(() => servers.every((server) => server.trouble === undefined));
    const after = await said(1);
    await waitFor(async () => (await versionOf(after)) === 1);
    expect(people.batches.find(({ keys }) => keys.includes(after))?.live).toBe(true);
  });

  it('gives the same tables, deletes the group that is over, and calls nothing live until the switch', async () => {
    const projection = new People();
    const { before, after, records } = await rebuild(projection);
    expect(after).toEqual(before);
    expect(records).toBeGreaterThanOrEqual(after.count);
    expect(projection.batches.every(({ live }) => !live)).toBe(true);
    expect(projection.switches).toEqual([after.count]);
    const admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    const ours = groups
      .map(({ groupId }) => groupId)
      .filter((id) => id.startsWith(`${spec.prefix}spec.people`));
    expect(ours).toEqual([`${spec.prefix}spec.people.r${await active()}`]);
  });

  it('switches to nothing older than what was read: state said in the last moment is in it', async () => {
    const key = await said(1);
    await waitFor(async () => (await versionOf(key)) === 1);
    let highest = 1;
    let lowestSeen = Infinity;
    let running = true;
    const watcher = (async () => {
      let newest = 0;
      while (running) {
        const version = (await versionOf(key)) ?? 0;
        lowestSeen = Math.min(lowestSeen, version - newest);
        newest = Math.max(newest, version);
      }
    })();
    const writer = (async () => {
      while (running) await said((highest += 1), key);
    })();
    const projection = new People();
    // Slower than what runs: without care it would be behind at the switch.
    projection.before = (_, keys) =>
      keys.includes(key) ? new Promise((resolve) => setTimeout(resolve, 300)) : undefined;
    await rebuild(projection);
    running = false;
    await Promise.all([watcher, writer]);
    expect(lowestSeen).toBeGreaterThanOrEqual(0);
    await waitFor(async () => (await versionOf(key)) === highest);
  });

  it('leaves nothing of a person who is erased while it runs', async () => {
    const [early, late] = [await said(1), await said(1)];
    for (const key of [early, late]) await waitFor(async () => (await versionOf(key)) === 1);
    const projection = new People();
    const [reached, erased] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    projection.before = async (_, keys) => {
      if (!keys.includes(late)) return;
      // By now the early one may be in the new tables already; this batch holds the lock that erasures wait for.
      reached.resolve();
      await erased.promise;
    };
    const running = rebuild(projection);
    await reached.promise;
    const erasure = spec.db.transaction(async (tx) => {
      for (const key of [early, late]) await one(tx, `select messaging_user_gate($1, true)`, [key]);
      for (const key of [early, late]) await markErased(tx, key);
      await execute(tx, `delete from people where user_id in ($1, $2)`, [early, late]);
    });
    erased.resolve();
    await erasure;
    await running;
    await said(2, early);
    const next = await said(1);
    await waitFor(async () => (await versionOf(next)) === 1);
    expect([await versionOf(early), await versionOf(late)]).toEqual([undefined, undefined]);
  });

  it('is refused while another one is at work, and from a time where only the last state is kept', async () => {
    const projection = new People();
    const [begun, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    projection.before = async () => {
      begun.resolve();
      await letGo.promise;
    };
    const first = rebuild(projection);
    await begun.promise;
    await expect(rebuild()).rejects.toThrow(ReplayRefusedError);
    letGo.resolve();
    await first;
    await expect(rebuild(new People(), { from: new Date() })).rejects.toThrow('last state of every user');
  });

  it('that was interrupted leaves nothing, and one that died is cleaned up by what runs', async () => {
    const generation = await active();
    const projection = new People();
    const interruption = new AbortController();
    projection.before = () => interruption.abort();
    await expect(rebuild(projection, { signal: interruption.signal })).rejects.toThrow('Interrupted');
    expect(await schemas()).toEqual([`people_${generation}`]);

    await execute(spec.db, `create schema people_900`);
    await execute(
      spec.db,
      `update projections set last_generation = 900, rebuild_generation = 900, rebuild_expires_at = now()
        where name = 'people'`,
    );
    await waitFor(async () => (await schemas()).length === 1);
    const result = await rebuild();
    expect(result.generation).toBe(901);
    expect(await schemas()).toEqual(['people_901']);
  });

  it('leaves a process that has missed the switch nothing to write', async () => {
    const late = new People();
    const over = Promise.withResolvers<void>();
    // Reads from the beginning, for its group was deleted.
    const reader = new GenerationReader(projectionParts(spec), late, 1, {
      onOver: over.resolve,
      retry: { backoffMs: 10, pauseMs: 20 },
    });
    reader.start();
    await over.promise;
    await reader.close();
    expect(late.batches).toEqual([]);
  });

  it('from a time reads only what was said since', async () => {
    class Arrivals extends People {
      override readonly name = 'people';
      override readonly compare = 'select event_id from arrivals';
      override readonly reads = [
        onEvents(userRegisteredV1, async ({ tx }, events) => {
          await execute(
            tx,
            `insert into arrivals (event_id, user_id) select * from unnest($1::text[], $2::uuid[])`,
            [events.map(({ id }) => id), events.map(({ key }) => key)],
          );
        }),
      ];
    }
    const register = () =>
      publish(publisher, userRegisteredV1, userRegisteredV1.fixture, { key: randomUUID() });
    const arrived = async () =>
      (await many<{ id: string }>(spec.db, `select event_id as id from arrivals`)).map(({ id }) => id);
    const old = await register();
    await waitFor(async () => (await arrived()).includes(old));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const from = new Date();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const young = await register();
    await waitFor(async () => (await arrived()).includes(young));
    await rebuild(new Arrivals(), { from });
    expect(await arrived()).toEqual([young]);
  });
});
