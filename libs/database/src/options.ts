import type { DataSourceOptions } from 'typeorm';
import type { MigrationClass } from './migration-list.js';
import { SnakeNamingStrategy } from './naming.js';

export interface DatabaseOptions {
  /** postgres:// address with this service's own role. */
  url: string;
  /** A streaming replica for reads that may be stale; `db.replica` is the primary without it. */
  replicaUrl?: string | undefined;
  entities?: readonly EntityClass[];
  /** Only to answer `db.migrationsPending()`; an app never migrates by starting. */
  migrations?: readonly MigrationClass[];
  /** Connections per process, default 10. */
  poolSize?: number;
  /** Default 5 s. */
  statementTimeoutMs?: number;
  /** When to give up on a server that is silent, default 5 s after the statement's timeout. */
  answerTimeoutMs?: number;
  /** Longest wait for a free or new connection, default 5 s. */
  connectTimeoutMs?: number;
  /** How long boot waits for a database that is away, default 30 s. */
  bootTimeoutMs?: number;
  /** Off for poolers that do not follow prepared statements (pgbouncer below 1.21). Default on. */
  preparedStatements?: boolean;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
}

export type EntityClass = new () => object;

// A server that is gone without a word (its host lost power) never enforces statement_timeout, and TCP gives up after a
// quarter of an hour. So we stop listening shortly after the server should have stopped working.
const answerGraceMs = 5_000;

/** How long to wait for the answer to a statement with this timeout; undefined for one without. */
export function answerTimeout(statementTimeoutMs: number): number | undefined {
  return statementTimeoutMs > 0 ? statementTimeoutMs + answerGraceMs : undefined;
}

// An open transaction holds locks and stops vacuum; ours never wait for anything slow.
const idleInTransactionMs = 30_000;

/** TypeORM's options for our rules: no synchronize, snake_case names, every wait bounded. */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url: options.url,
    entities: [...(options.entities ?? [])],
    namingStrategy: new SnakeNamingStrategy(),
    synchronize: false,
    migrationsRun: false,
    logging: false,
    installExtensions: false,
    poolSize: options.poolSize ?? 10,
    extra: poolSettings(options),
  };
}

/** Settings of a pg pool, for the primary (inside TypeORM) and the replica alike. */
export function poolSettings(options: Partial<DatabaseOptions>) {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
  return {
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: options.answerTimeoutMs ?? answerTimeout(statementTimeoutMs),
    idle_in_transaction_session_timeout: idleInTransactionMs,
    application_name: options.applicationName ?? 'nest-arch',
  };
}
