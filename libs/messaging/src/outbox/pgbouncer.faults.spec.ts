import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { execute, one, openDatabase, uuidv7, type Db } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { freePort } from '../../../../tools/process/ports.ts';
import { messagingSpec, newReplica, readTopics } from '../../test/support.js';

/** Each transaction may run on another of these few connections, which all replicas share. */
const serverConnections = 3;
const version = /PgBouncer (\d+)\.(\d+)/.exec(String(spawnSync('pgbouncer', ['--version']).stdout ?? ''));
const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
const followsPrepared = major > 1 || minor >= 21;
// pgbouncer refuses to run as root.
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

const withPgbouncer = version ? describe : describe.skip;
if (!version) process.stderr.write('pgbouncer is not on the PATH: its specs are left out\n');

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let folder: string;
let pooler: ChildProcess | undefined;
let port: number;

async function startPooler(settings: Record<string, string | number>): Promise<void> {
  const { hostname, port: postgresPort, username, password, pathname } = new URL(spec.url);
  port = await freePort();
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    pool_mode: 'transaction',
    default_pool_size: serverConnections,
    auth_type: 'any',
    // What pg sends along at the start, and a pooler cannot keep for one client.
    ignore_startup_parameters: 'extra_float_digits,statement_timeout,idle_in_transaction_session_timeout',
    ...settings,
  };
  const target = `host=${hostname} port=${postgresPort} user=${username} password=${decodeURIComponent(password)}`;
  const file = join(folder, 'pgbouncer.ini');
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}`);
  await writeFile(
    file,
    ['[databases]', `${pathname.slice(1)} = ${target}`, '[pgbouncer]', ...text].join('\n'),
  );
  if (nobody.uid) await Promise.all([folder, file].map((path) => chown(path, nobody.uid, nobody.gid)));
  pooler = spawn('pgbouncer', [file], { stdio: 'ignore', ...nobody });
  await waitFor(() => answers(port), { what: 'pgbouncer' });
}

function answers(at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function throughPooler(preparedStatements: boolean): Promise<Db> {
  const url = new URL(spec.url);
  [url.hostname, url.port] = ['127.0.0.1', String(port)];
  return openDatabase({ url: url.href, poolSize: 8, preparedStatements });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  spec = await messagingSpec({ topics: [topics.userEvents] });
  await execute(spec.db, `create table counters (user_id uuid primary key, version int not null)`);
});
afterEach(async () => {
  if (!pooler) return;
  pooler.kill('SIGKILL');
  await waitFor(() => pooler?.exitCode !== null || pooler.signalCode !== null);
  pooler = undefined;
});
afterAll(async () => {
  await spec.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Two replicas and many writers, all through the pooler; nothing is lost or out of order, and one replica's leases move. */
async function writeRelayAndTakeOver(dbs: readonly [Db, Db]): Promise<void> {
  const lease = { leaseMs: 1_500, marginMs: 400 };
  const replicas = [
    newReplica({ ...spec, db: dbs[0] }, lease),
    newReplica({ ...spec, db: dbs[1] }, lease),
  ] as const;
  replicas.forEach(({ relay }) => relay.start());
  const users = Array.from({ length: 10 }, () => uuidv7());
  const announce = (writer: number) => {
    const userId = users[Math.floor(Math.random() * users.length)] as string;
    return dbs[writer % 2 === 0 ? 0 : 1].transaction(async (tx) => {
      const { version: counted } = await one<{ version: number }>(
        tx,
        `insert into counters as c values ($1, 1)
         on conflict (user_id) do update set version = c.version + 1 returning version`,
        [userId],
      );
      const data = { ...userRegisteredV1.fixture, userId, version: counted };
      const { outbox } = replicas[writer % 2 === 0 ? 0 : 1];
      await outbox.add(tx, userRegisteredV1, data, { key: userId, version: counted });
    });
  };
  const write = (writer: number, times: number): Promise<void> =>
    times === 0 ? Promise.resolve() : announce(writer).then(() => write(writer, times - 1));
  const writeAll = () => Promise.all(Array.from({ length: 6 }, (_, writer) => write(writer, 40)));
  await writeAll();
  await replicas[1].relay.abandon();
  await writeAll();
  const pending = () => one<{ n: number }>(spec.db, `select count(*)::int as n from outbox`);
  await waitFor(async () => (await pending()).n === 0, { timeoutMs: 20_000 });
  await Promise.all(replicas.map(({ stop }) => stop()));

  const records = (await readTopics(spec, topics.userEvents)).filter(({ key }) => users.includes(key));
  const perUser = Map.groupBy(
    new Map(records.map((record) => [record.headers['ce_id'], record])).values(),
    ({ key }) => key,
  );
  const versions = [...perUser.values()].map((list) =>
    list.map(({ headers }) => Number(headers['ce_version'])),
  );
  expect(versions.flat()).toHaveLength(2 * 6 * 40);
  for (const list of versions) expect(list).toEqual(list.map((_, index) => index + 1));
}

withPgbouncer('behind pgbouncer in transaction mode', () => {
  it('outbox, relay and leases work without prepared statements', async () => {
    await startPooler(followsPrepared ? { max_prepared_statements: 0 } : {});
    const dbs = [await throughPooler(false), await throughPooler(false)] as const;
    await writeRelayAndTakeOver(dbs);
    await Promise.all(dbs.map((db) => db.close()));
  }, 60_000);

  (followsPrepared ? it : it.skip)(
    'and with them, where the pooler follows them (1.21 and later)',
    async () => {
      await startPooler({ max_prepared_statements: 200 });
      const dbs = [await throughPooler(true), await throughPooler(true)] as const;
      await writeRelayAndTakeOver(dbs);
      await Promise.all(dbs.map((db) => db.close()));
    },
    60_000,
  );
});
