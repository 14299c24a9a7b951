/** A statement answered more or fewer rows than its caller allows: a bug, or a guard that did its work. */
export class RowCountError extends Error {
  override readonly name = 'RowCountError';
  constructor(
    readonly expected: 'exactly one row' | 'at most one row',
    readonly actual: number,
    sql: string,
  ) {
    super(`Expected ${expected}, got ${actual}: ${sql.replace(/\s+/g, ' ').trim().slice(0, 120)}`);
  }
}

/**
 * The transaction was aborted by an earlier error that somebody swallowed, and Postgres answered COMMIT with a silent
 * ROLLBACK. Nothing was stored. `cause` is the first failed statement, if it ran through this library.
 */
export class CommitRolledBackError extends Error {
  override readonly name = 'CommitRolledBackError';
  constructor(cause?: unknown) {
    super('COMMIT of an aborted transaction: Postgres rolled it back', { cause });
  }
}

/**
 * Nobody knows whether the transaction is (durably) committed: the connection was lost between COMMIT and its answer,
 * or waiting for synchronous replication was cancelled, so a failover may lose it. Repeat only what is idempotent.
 */
export class CommitUnknownError extends Error {
  override readonly name = 'CommitUnknownError';
  constructor(reason: string, cause?: unknown) {
    super(`The outcome of COMMIT is unknown: ${reason}`, { cause });
  }
}

/** A `Tx` was used after its transaction had ended: a promise inside the callback was not awaited. */
export class TransactionClosedError extends Error {
  override readonly name = 'TransactionClosedError';
  constructor() {
    super('This transaction has ended; await every statement inside the callback of db.transaction');
  }
}

/** The database could not be reached within the time allowed at boot. Holds host and database, never credentials. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/** The server works, but its settings break our data (encoding, character classes). */
export class DatabaseUnsuitableError extends Error {
  override readonly name = 'DatabaseUnsuitableError';
}

interface ServerError {
  code: string;
  severity: string;
  constraint?: string;
  routine?: string;
}

/** The server's own error, also from inside TypeORM's QueryFailedError; undefined for anything else. */
export function serverError(error: unknown): ServerError | undefined {
  const inner = (error as { driverError?: unknown } | undefined)?.driverError ?? error;
  const { code, severity } = (inner ?? {}) as Partial<ServerError>;
  // Only pg's DatabaseError has a severity; a bare code could be Node's (EPIPE even looks like a SQLSTATE).
  return typeof code === 'string' && typeof severity === 'string' ? (inner as ServerError) : undefined;
}

/** Name of the violated constraint, so that a query can map it to an error of its feature. */
export function violatedConstraint(error: unknown): string | undefined {
  const found = serverError(error);
  return found?.code.startsWith('23') ? found.constraint : undefined;
}

// FATAL errors by code, because pg hands on only the translated severity: connection exceptions, shutdown, crash,
// cannot connect now, database dropped, idle session, idle in transaction, transaction timeout.
const endsSession = /^(08...|57P0[1-5]|25P03|25P04)$/;

/** True when the connection cannot be used again: lost, shut down, or silent beyond its deadline. */
export function isConnectionLost(error: unknown): boolean {
  const found = serverError(error);
  return found ? endsSession.test(found.code) : true;
}

// Serialisation and deadlocks (40), resources (53), lock not available, query cancelled (statement_timeout),
// read-only after a failover, out of connections for the role.
const transientCodes = /^(40...|53...|55P03|57014|25006)$/;
// EAI_AGAIN and its like, as Node reports sockets; pg's own sentences have no code.
const transientNodeCodes = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)/;
const transientSentences =
  /connection terminated|connection timeout|timeout exceeded|not queryable|query read timeout/i;

/** True when the same work may succeed later without any change: worth a bounded retry, never a dead letter. */
export function isTransient(error: unknown): boolean {
  if (error instanceof CommitUnknownError) return true;
  const found = serverError(error);
  if (found) return endsSession.test(found.code) || transientCodes.test(found.code);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return transientNodeCodes.test(String(code)) || transientSentences.test(String(message));
}
