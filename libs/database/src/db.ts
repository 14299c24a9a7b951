import type { OnApplicationShutdown } from '@nestjs/common';
import { Pool, type QueryResult } from 'pg';
import type { DataSource } from 'typeorm';
import { watchPool } from './metrics.js';
import { listMigrations } from './migration-list.js';
import { pendingMigrations } from './migration-log.js';
import { poolSettings, type DatabaseOptions } from './options.js';
import { PreparedNames } from './prepared-names.js';
import { run, type Queryable } from './statement.js';
import { SqlPool } from './sql-pool.js';
import { runTransaction, type TransactionOptions } from './transaction.js';
import type { Tx } from './tx.js';

/** One service's database: statements by `many`, `maybeOne`, `one`, `execute`; transactions by `transaction` alone. */
export class Db implements Queryable, OnApplicationShutdown {
  /** For reads that may be stale, never for a decision about access. The primary where no replica is configured. */
  readonly replica: Queryable;
  private readonly names: PreparedNames;
  private readonly primary: SqlPool;
  private readonly replicaPool: Pool | undefined;
  private readonly unwatch: (() => void)[] = [];
  private migrated = false;

  /** Takes an initialised DataSource made by `openDataSource`. */
  constructor(
    readonly dataSource: DataSource,
    private readonly options: Partial<DatabaseOptions> = {},
  ) {
    this.names = new PreparedNames(options.preparedStatements ?? true);
    const pool = primaryPool(dataSource);
    this.primary = new SqlPool(pool, this.names);
    this.unwatch.push(watchPool(pool, 'primary'));
    refuseOtherTransactions(dataSource);
    if (options.replicaUrl) {
      this.replicaPool = new Pool({ ...poolSettings(options), connectionString: options.replicaUrl });
      this.replicaPool.on('error', () => undefined);
      this.unwatch.push(watchPool(this.replicaPool, 'replica'));
    }
    this.replica = this.replicaPool ? new SqlPool(this.replicaPool, this.names) : this;
  }

  /**
   * Runs `fn` in a transaction and commits, or rolls back when `fn` throws and throws that error again.
   * CommitRolledBackError: nothing was stored although `fn` succeeded, for it swallowed a failed statement.
   * CommitUnknownError: nobody knows.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return runTransaction({ dataSource: this.dataSource, names: this.names }, fn, options);
  }

  /** Resolves when the database answers. */
  async ping(): Promise<void> {
    await this[run]('select 1', []);
  }

  /** True while a migration of this release has not been applied. Asks the database until the answer was no. */
  async migrationsPending(): Promise<boolean> {
    if (this.migrated) return false;
    const pending = await pendingMigrations(this, listMigrations(this.options.migrations ?? []));
    this.migrated = pending.length === 0;
    return !this.migrated;
  }

  /** What an app's readiness asks: throws when the database does not answer, or lacks a migration of this release. */
  async assertReady(): Promise<void> {
    await this.ping();
    if (await this.migrationsPending()) throw new Error('Migrations are pending');
  }

  /** Closes every connection. Nest closes the DataSource by itself; this is for commands and tests. */
  async close(): Promise<void> {
    await this.onApplicationShutdown();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  async onApplicationShutdown(): Promise<void> {
    this.unwatch.splice(0).forEach((unwatch) => unwatch());
    if (this.replicaPool && !this.replicaPool.ended) await this.replicaPool.end();
  }

  [run](sql: string, params: readonly unknown[]): Promise<QueryResult> {
    return this.primary[run](sql, params);
  }
}

function primaryPool(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}

// TypeORM's own transaction() does not notice a COMMIT that was a ROLLBACK.
function refuseOtherTransactions(dataSource: DataSource): void {
  const refuse = () => Promise.reject(new Error('Transactions are opened by db.transaction alone'));
  dataSource.transaction = refuse;
  dataSource.manager.transaction = refuse;
}
