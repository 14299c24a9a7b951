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
    idle_in_transaction_session_timeout: idleInTransactionMs,
    application_name: options.applicationName ?? 'nest-arch',
  };
}
