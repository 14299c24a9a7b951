import { Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { CommitRolledBackError, CommitUnknownError, isConnectionLost } from './errors.js';
import { transactions } from './metrics.js';
import { answerTimeout } from './options.js';
import type { PreparedNames } from './prepared-names.js';
import { Tx } from './tx.js';

export interface TransactionOptions {
  /** Overrides the session's statement_timeout inside this transaction. */
  statementTimeoutMs?: number;
}

const logger = new Logger('Database');

/** Runs `fn` in a transaction of its own connection. The body of `db.transaction`; see there. */
export async function runTransaction<T>(
  { dataSource, names }: { dataSource: DataSource; names: PreparedNames },
  fn: (tx: Tx) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const session = await Session.open(dataSource);
  try {
    await session.begin(options);
    const tx = new Tx({ ...session.parts(), names });
    const result = await useThenClose(tx, fn);
    await session.commit();
    await session.release();
    tx.close().forEach(callSafely);
    return result;
  } catch (error) {
    await session.abandon();
    throw error;
  }
}

async function useThenClose<T>(tx: Tx, fn: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await fn(tx);
  } finally {
    tx.close();
  }
}

/** One connection with TypeORM's runner on it, whose transaction we end ourselves. */
export class Session {
  private inTransaction = false;
  private answerTimeoutMs: number | undefined;
  private firstFailure: unknown;
  /** Why the connection must leave the pool. Known before COMMIT, it also means that nothing was stored. */
  private lost: Error | undefined;
  private readonly onError = (error: Error) => void (this.lost ??= error);

  private constructor(
    readonly runner: QueryRunner,
    readonly client: ClientBase,
  ) {
    client.on('error', this.onError);
  }

  static async open(dataSource: DataSource): Promise<Session> {
    const runner = dataSource.createQueryRunner();
    return new Session(runner, (await runner.connect()) as ClientBase);
  }

  async begin({ statementTimeoutMs }: TransactionOptions = {}): Promise<void> {
    this.inTransaction = true;
    if (statementTimeoutMs !== undefined) this.answerTimeoutMs = answerTimeout(statementTimeoutMs);
    // TypeORM must know of the transaction, or save() would open and commit one of its own inside ours.
    await this.runner.startTransaction();
    if (statementTimeoutMs !== undefined) {
      await this.client.query(`set local statement_timeout = ${Math.ceil(statementTimeoutMs)}`);
    }
  }

  /** What a `Tx` needs of this session. */
  parts() {
    return {
      client: this.client,
      manager: this.runner.manager,
      answerTimeoutMs: this.answerTimeoutMs,
      onFailure: (error: unknown) => {
        this.firstFailure ??= error;
        if (isConnectionLost(error)) this.onError(error as Error);
      },
    };
  }

  /** COMMIT, believed only when the server says so. */
  async commit(): Promise<void> {
    // Lost before COMMIT was sent: certainly rolled back, so not an unknown outcome.
    if (this.lost) throw this.lost;
    const commit = { text: 'COMMIT', query_timeout: this.answerTimeoutMs };
    let unreplicated = false;
    const onNotice = (notice: { routine?: string | undefined }) => {
      // The routine's name, because the sentence is translated and its code is that of every plain warning.
      if (notice.routine === 'SyncRepWaitForLSN') unreplicated = true;
    };
    this.client.on('notice', onNotice);
    try {
      const { command } = await this.client.query(commit);
      this.ended();
      if (command !== 'COMMIT') throw new CommitRolledBackError(this.firstFailure);
    } catch (error) {
      throw this.judge(error);
    } finally {
      this.client.off('notice', onNotice);
    }
    if (unreplicated) {
      transactions.inc({ outcome: 'unknown' });
      throw new CommitUnknownError('waiting for synchronous replication was cancelled');
    }
    transactions.inc({ outcome: 'committed' });
  }

  /** Rolls back what is still open and gives the connection back; never throws. */
  async abandon(): Promise<void> {
    if (this.inTransaction) {
      transactions.inc({ outcome: 'rolled_back' });
      try {
        if (!this.lost) await this.client.query('ROLLBACK');
      } catch (error) {
        this.onError(error as Error);
      }
      this.ended();
    }
    await this.release();
  }

  async release(): Promise<void> {
    this.client.off('error', this.onError);
    // The only method of TypeORM's runner that tells the pool to drop the connection; release() takes no error.
    await (
      this.runner as unknown as { releasePostgresConnection(e?: Error): Promise<void> }
    ).releasePostgresConnection(this.lost);
  }

  private judge(error: unknown): unknown {
    if (error instanceof CommitRolledBackError) {
      transactions.inc({ outcome: 'rolled_back' });
      return error;
    }
    this.ended();
    // An ordinary error (deferred constraint, serialisation) is the server's word that it rolled back.
    if (!isConnectionLost(error)) {
      transactions.inc({ outcome: 'rolled_back' });
      return error;
    }
    this.onError(error as Error);
    transactions.inc({ outcome: 'unknown' });
    return new CommitUnknownError('the connection was lost', error);
  }

  /** TypeORM's runner believes in its transaction until told otherwise. */
  private ended(): void {
    this.inTransaction = false;
    const state = this.runner as unknown as { isTransactionActive: boolean; transactionDepth: number };
    state.isTransactionActive = false;
    state.transactionDepth = 0;
  }
}

function callSafely(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    logger.error('A callback after COMMIT failed', error instanceof Error ? error.stack : String(error));
  }
}
