import type { ClientBase, QueryResult } from 'pg';
import type { PreparedNames } from './prepared-names.js';
import { serverError } from './errors.js';
import { statementSeconds } from './metrics.js';

/** What the SQL functions run on: a `Db`, its read replica, or a `Tx`. */
export interface Queryable {
  [run](sql: string, params: readonly unknown[]): Promise<QueryResult>;
}

/** Keeps the way to the wire inside this library: only the SQL functions know the symbol. */
export const run = Symbol('run');

interface Statement {
  sql: string;
  params: readonly unknown[];
  answerTimeoutMs?: number | undefined;
}

/** Sends one statement on one client, prepared where its text has a name. */
export async function send(
  client: ClientBase,
  names: PreparedNames,
  { sql, params, answerTimeoutMs }: Statement,
): Promise<QueryResult> {
  const started = performance.now();
  const name = names.nameOf(sql);
  try {
    // `query_timeout` is pg's own deadline for the answer, beside the server's; its types do not know it.
    const config = { text: sql, values: params as unknown[], query_timeout: answerTimeoutMs };
    return await client.query(name ? { ...config, name } : config);
  } catch (error) {
    if (name && isPlanGone(error)) names.forget(sql);
    throw error;
  } finally {
    statementSeconds.observe((performance.now() - started) / 1000);
  }
}

/**
 * The prepared statement, not the SQL, is at fault: a migration changed the result type under a cached plan, or a pooler
 * handed us a server connection that never saw (or already has) the name. The statement itself has not run.
 */
export function isPlanGone(error: unknown): boolean {
  const found = serverError(error);
  if (!found) return false;
  return (
    found.code === '26000' ||
    found.code === '42P05' ||
    (found.code === '0A000' && found.routine === 'RevalidateCachedQuery')
  );
}
