import type { ClientBase, QueryResult } from 'pg';
import { openDatabase } from './connect.js';
import { listMigrations, type ListedMigration, type MigrationClass } from './migration-list.js';
import { ensureMigrationLog, pendingMigrations, recordMigration } from './migration-log.js';
import { PreparedNames } from './prepared-names.js';
import { run, send, type Queryable } from './statement.js';
import { Session } from './transaction.js';

export interface MigrationOptions {
  /** Directly to Postgres, not to a pooler: the lock belongs to the session. */
  url: string;
  migrations: readonly MigrationClass[];
  applicationName?: string;
  /** How long to wait for a database that is away, default 30 s. */
  bootTimeoutMs?: number;
  /** How long to wait for another migration job, default 10 min. */
  waitMs?: number;
  /** How long a statement may wait for a table lock, default 10 s: behind it every request would queue. */
  lockTimeoutMs?: number;
  /** Called after each one, for the progress of a long run. */
  onApplied?: (name: string) => void;
}

// Any constant; the databases of different services are apart anyway.
const advisoryLock = 7_269_433_021;

/**
 * Applies what is pending and answers the names. One job at a time, others wait. Each migration and its log row are one
 * transaction, unless it says `transaction = false`; the first failure stops the run.
 */
export async function runMigrations(options: MigrationOptions): Promise<string[]> {
  const listed = listMigrations(options.migrations);
  const db = await openDatabase({
    url: options.url,
    poolSize: 1,
    statementTimeoutMs: 0,
    preparedStatements: false,
    applicationName: options.applicationName ?? 'migrations',
    ...(options.bootTimeoutMs === undefined ? {} : { bootTimeoutMs: options.bootTimeoutMs }),
  });
  try {
    const session = await Session.open(db.dataSource);
    try {
      return await migrate(session, listed, options);
    } finally {
      // Closing the session also gives back the advisory lock.
      await session.abandon();
    }
  } finally {
    await db.close();
  }
}

async function migrate(
  session: Session,
  listed: ListedMigration[],
  options: MigrationOptions,
): Promise<string[]> {
  const { client } = session;
  await client.query(`set lock_timeout = ${options.waitMs ?? 600_000}`);
  await client.query('select pg_advisory_lock($1)', [advisoryLock]);
  await client.query(`set lock_timeout = ${options.lockTimeoutMs ?? 10_000}`);

  const connection = onClient(client);
  await ensureMigrationLog(connection);
  const pending = await pendingMigrations(connection, listed);
  for (const migration of pending) {
    await apply(session, migration);
    options.onApplied?.(migration.name);
  }
  return pending.map(({ name }) => name);
}

async function apply(session: Session, migration: ListedMigration): Promise<void> {
  const connection = onClient(session.client);
  try {
    if (migration.instance.transaction === false) {
      await migration.instance.up(session.runner);
      await recordMigration(connection, migration);
    } else {
      await session.begin();
      await migration.instance.up(session.runner);
      await recordMigration(connection, migration);
      await session.commit();
    }
  } catch (error) {
    throw new Error(`Migration ${migration.name} failed: ${(error as Error).message}`, { cause: error });
  }
}

function onClient(client: ClientBase): Queryable {
  const names = new PreparedNames(false);
  return { [run]: (sql, params): Promise<QueryResult> => send(client, names, { sql, params }) };
}
