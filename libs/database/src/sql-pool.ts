import type { Pool, PoolClient, QueryResult } from 'pg';
import { isConnectionLost } from './errors.js';
import type { PreparedNames } from './prepared-names.js';
import { isPlanGone, run, send, type Queryable } from './statement.js';

/** Statements outside a transaction: each on whichever connection of the pool is free. */
export class SqlPool implements Queryable {
  constructor(
    private readonly pool: Pool,
    private readonly names: PreparedNames,
  ) {}

  async [run](sql: string, params: readonly unknown[]): Promise<QueryResult> {
    // Not pool.query(): that throws the connection away after every error, also after a mere unique violation.
    const client = await this.pool.connect();
    // pg-pool listens for errors of idle connections alone; without a listener a reset socket would end the process.
    client.on('error', learnedByStatement);
    let broken = false;
    try {
      return await this.sendTwice(client, sql, params);
    } catch (error) {
      broken = isConnectionLost(error);
      throw error;
    } finally {
      client.release(broken);
      client.off('error', learnedByStatement);
    }
  }

  private async sendTwice(client: PoolClient, sql: string, params: readonly unknown[]): Promise<QueryResult> {
    try {
      return await send(client, this.names, { sql, params });
    } catch (error) {
      // The first attempt has not run, and the text is sent unprepared from now on.
      if (!isPlanGone(error)) throw error;
      return send(client, this.names, { sql, params });
    }
  }
}

function learnedByStatement(): void {}
