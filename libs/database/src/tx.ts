import type { ClientBase, QueryResult } from 'pg';
import type { EntityManager } from 'typeorm';
import { TransactionClosedError } from './errors.js';
import type { PreparedNames } from './prepared-names.js';
import { run, send, type Queryable } from './statement.js';

interface TxParts {
  client: ClientBase;
  names: PreparedNames;
  manager: EntityManager;
  /** Longest silence of the server to one statement; the pool's own without it. */
  answerTimeoutMs: number | undefined;
  onFailure: (error: unknown) => void;
}

/** An open transaction, made by `db.transaction` alone and valid until its callback settles. There are no savepoints. */
export class Tx implements Queryable {
  private open = true;
  private readonly callbacks: (() => void)[] = [];

  /** @internal */
  constructor(private readonly parts: TxParts) {
    // A nested TypeORM transaction would be a savepoint, whose rollback we would take for the whole.
    parts.manager.transaction = () => Promise.reject(new Error('Nested transactions are not offered'));
  }

  /** TypeORM's repositories and `save()` inside this transaction. */
  get manager(): EntityManager {
    if (!this.open) throw new TransactionClosedError();
    return this.parts.manager;
  }

  /** Runs after a confirmed COMMIT, in the order of registration; what it throws is logged and changes nothing. */
  afterCommit(fn: () => void): void {
    if (!this.open) throw new TransactionClosedError();
    this.callbacks.push(fn);
  }

  async [run](sql: string, params: readonly unknown[]): Promise<QueryResult> {
    if (!this.open) throw new TransactionClosedError();
    const { client, names, answerTimeoutMs, onFailure } = this.parts;
    try {
      return await send(client, names, { sql, params, answerTimeoutMs });
    } catch (error) {
      onFailure(error);
      throw error;
    }
  }

  /** @internal Ends the use of this object and answers what is to run after COMMIT. */
  close(): readonly (() => void)[] {
    this.open = false;
    return this.callbacks;
  }
}
