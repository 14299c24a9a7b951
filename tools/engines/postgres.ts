import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { OwnedProcess } from '../process/owned-process.ts';
import { freePort } from '../process/ports.ts';
import { run } from '../process/run.ts';
import { type PostgresBinaries, postgresBinaries, unprivileged } from './postgres-user.ts';
import { type Engine, untilReady } from './engine.ts';

export interface PostgresOptions {
  dataDir: string;
  logFile: string;
  password: string;
  port?: number;
  /** False where a power cut may cost the data, as in tests. */
  durable?: boolean;
}

export interface PostgresEngine extends Engine {
  /** Superuser, database `postgres`. */
  url: string;
}

/** Starts Postgres on loopback; makes its data directory at the first start. Throws when the databases are not UTF-8. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresEngine> {
  const binaries = await postgresBinaries();
  const runner = unprivileged(binaries);
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  if (runner.owner) chownSync(options.dataDir, runner.owner.uid, runner.owner.gid);
  if (!existsSync(join(options.dataDir, 'PG_VERSION'))) await initialise(options, binaries);

  const port = await freePort(options.port);
  const { command, args, ids } = runner.wrap(binaries.postgres, serverArguments(options, port));
  const server = new OwnedProcess({
    name: 'postgres',
    command,
    args,
    ...ids,
    env: postgresEnvironment(),
    logFile: options.logFile,
    stopSignal: 'SIGINT', // "fast": does not wait for idle clients
    order: 30,
  });
  const url = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
  await untilReady(server, () => checkEncoding(url), 30_000);
  return { url, port, process: server, stop: () => server.stop() };
}

async function initialise({ dataDir, password }: PostgresOptions, binaries: PostgresBinaries): Promise<void> {
  const runner = unprivileged(binaries);
  const passwordFile = join(dataDir, '..', `.postgres-password-${process.pid}`);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (runner.owner) chownSync(passwordFile, runner.owner.uid, runner.owner.gid);
  try {
    // Both locale settings count: pg_trgm asks the system's character types, and with plain C it finds no trigram in Иванов.
    const { command, args, ids } = runner.wrap(binaries.initdb, [
      `--pgdata=${dataDir}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      `--lc-ctype=${await utf8Locale()}`,
      '--no-sync',
      '--no-instructions',
    ]);
    await run(command, args, { ...ids, env: postgresEnvironment() });
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function serverArguments({ dataDir, durable = true }: PostgresOptions, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '', // a path of a checkout may be longer than a socket's name may be
    max_connections: 300,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** A UTF-8 locale that this system has. */
async function utf8Locale(): Promise<string> {
  const available = (await run('locale', ['-a']).catch(() => '')).split('\n').map((line) => line.trim());
  const wanted = ['C.UTF-8', 'C.utf8', 'en_US.UTF-8', 'en_US.utf8'];
  return wanted.find((name) => available.includes(name)) ?? 'C.UTF-8';
}

// Nothing of the caller's PG* variables may reach the server.
function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

async function checkEncoding(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ encoding: string }>('select current_setting($1) as encoding', [
      'server_encoding',
    ]);
    if (rows[0]?.encoding !== 'UTF8')
      throw new Error('the databases are not in UTF-8; begin anew with --fresh');
  } finally {
    await client.end().catch(() => undefined);
  }
}
