import type { ClientBase, Pool, PoolClient, QueryResult } from 'pg';
import { isConnectionLost } from './errors.js';
import type { PreparedNames } from './prepared-names.js';
import { isPlanGone, run, send, type Queryable } from './statement.js';

/** Statements outside a transaction: each on whichever connection of the pool is free. */
export class SqlPool implements Queryable {
  constructor(
    private readonly pool: Pool,
    private readonly names: PreparedNames,
  ) {
    // A connection may die while a caller holds it; without a listener Node would take the process down.
    // The caller learns of it by its own statement.
    const ignore = () => undefined;
    pool.on('connect', (client: ClientBase) => client.on('error', ignore));
  }

  async [run](sql: string, params: readonly unknown[]): Promise<QueryResult> {
    // Not pool.query(): that throws the connection away after every error, also after a mere unique violation.
    const client = await this.pool.connect();
    try {
      const result = await this.sendTwice(client, sql, params);
      client.release();
      return result;
    } catch (error) {
      client.release(isConnectionLost(error));
      throw error;
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
