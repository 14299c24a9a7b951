import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Db } from './db.js';
import { DatabaseUnavailableError, DatabaseUnsuitableError, isTransient, serverError } from './errors.js';
import { dataSourceOptions, type DatabaseOptions } from './options.js';
import { maybeOne, one } from './sql.js';

const retryPauseMs = 500;

const logger = new Logger('Database');

/** Connects for a command, a migration or a test. Apps import DatabaseModule instead. */
export async function openDatabase(options: DatabaseOptions): Promise<Db> {
  const db = new Db(await openDataSource(options), options);
  try {
    await assertSuitable(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/**
 * Connects, waiting up to `bootTimeoutMs` for a database that is away or starting; then DatabaseUnavailableError.
 * A wrong password or an unknown database fails at once.
 */
export async function openDataSource(options: DatabaseOptions): Promise<DataSource> {
  const deadline = Date.now() + (options.bootTimeoutMs ?? 30_000);
  for (;;) {
    try {
      return await new DataSource(dataSourceOptions(options)).initialize();
    } catch (error) {
      if (!isTransient(error) || Date.now() + retryPauseMs > deadline) throw unavailable(options.url, error);
      logger.warn(`Waiting for the database at ${placeOf(options.url)}: ${reasonOf(error)}`);
      await sleep(retryPauseMs);
    }
  }
}

/**
 * Refuses a server on which text would be stored or searched wrongly: another encoding than UTF8, or character classes
 * (lc_ctype C) in which pg_trgm finds no letter outside ASCII, so that a search for Иван finds nobody.
 */
export async function assertSuitable(db: Db): Promise<void> {
  const { encoding } = await one<{ encoding: string }>(
    db,
    `select current_setting('server_encoding') as encoding`,
  );
  if (encoding !== 'UTF8')
    throw new DatabaseUnsuitableError(`The database's encoding is ${encoding}, not UTF8`);
  const trigrams = await maybeOne<{ schema: string }>(
    db,
    `select quote_ident(n.nspname) as schema
       from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where e.extname = 'pg_trgm'`,
  );
  if (!trigrams) return;
  const { count } = await one<{ count: number }>(
    db,
    `select cardinality(${trigrams.schema}.show_trgm('Иван'))::int as count`,
  );
  if (count === 0) {
    throw new DatabaseUnsuitableError(
      `The database's lc_ctype knows no letters outside ASCII; create it with the builtin locale C.UTF-8`,
    );
  }
}

function unavailable(url: string, error: unknown): Error {
  // What is neither the server's answer nor the network's is a mistake of ours (an entity, an option).
  if (!isTransient(error) && !serverError(error)) return error as Error;
  const message = `The database at ${placeOf(url)} cannot be reached: ${reasonOf(error)}`;
  return new DatabaseUnavailableError(message, { cause: error });
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || 'unknown reason';
}

function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return host + pathname;
  } catch {
    return '(unreadable address)';
  }
}
