import { RowCountError } from './errors.js';
import { run, type Queryable } from './statement.js';

/** Runs a statement and answers its rows, none included. Also for `insert/update/delete … returning`. */
export async function many<T>(on: Queryable, sql: string, params: readonly unknown[] = []): Promise<T[]> {
  const result = await on[run](sql, params);
  return result.rows as T[];
}

/** Answers the only row or null. Throws RowCountError when there are more. */
export async function maybeOne<T>(
  on: Queryable,
  sql: string,
  params: readonly unknown[] = [],
): Promise<T | null> {
  const rows = await many<T>(on, sql, params);
  if (rows.length > 1) throw new RowCountError('at most one row', rows.length, sql);
  return rows[0] ?? null;
}

/** Answers the only row. Throws RowCountError when there is none or more than one. */
export async function one<T>(on: Queryable, sql: string, params: readonly unknown[] = []): Promise<T> {
  const rows = await many<T>(on, sql, params);
  if (rows.length !== 1) throw new RowCountError('exactly one row', rows.length, sql);
  return rows[0] as T;
}

/** Runs a statement and answers how many rows it affected. */
export async function execute(on: Queryable, sql: string, params: readonly unknown[] = []): Promise<number> {
  const result = await on[run](sql, params);
  return result.rowCount ?? 0;
}
