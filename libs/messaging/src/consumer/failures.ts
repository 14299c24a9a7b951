import { isTransient } from '@nest-arch/database';
import { isKafkaError } from '../kafka/kafka-errors.js';
import { PermanentError } from './event-context.js';

/** The handler did not finish in time; its transaction was rolled back. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
}

/** The record breaks the contract. `reason` names how, in words that hold no data of the record. */
export class RecordRefusedError extends Error {
  override readonly name = 'RecordRefusedError';
  constructor(
    readonly reason: string,
    readonly detail = '',
  ) {
    super(detail ? `${reason}: ${detail}` : reason);
  }
}

/**
 * - `transient`: the same record will succeed when something else is well again. Tried until it does.
 * - `permanent`: the record itself is at fault. Dead letter at once.
 * - `unknown`: most likely a bug. Tried a few times, then a dead letter.
 */
export type FailureKind = 'transient' | 'permanent' | 'unknown';

/** The one place that decides what becomes of a failed record. */
export function classify(error: unknown): FailureKind {
  if (error instanceof PermanentError || error instanceof RecordRefusedError) return 'permanent';
  if (transientTests.some((test) => test(error))) return 'transient';
  const status = (error as { status?: unknown } | null)?.status;
  // An AppError: 5xx says that a part of us is unwell, anything else that the record asks for what is not allowed.
  if (typeof status === 'number') return status >= 500 ? 'transient' : 'permanent';
  return 'unknown';
}

const transientTests: readonly ((error: unknown) => boolean)[] = [
  (error) => error instanceof DeadlineExceededError,
  isTransient,
  isKafkaError,
  isNetworkError,
  lacksInboxPartition,
];

/** Not finished in the handler's time, or in that of a statement (57014, query_canceled). */
export function tookTooLong(error: unknown): boolean {
  return error instanceof DeadlineExceededError || (error as { code?: unknown } | null)?.code === '57014';
}

const networkCodes = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND|ESOCKET|UND_ERR_)/;

function isNetworkError(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return (
    name === 'TimeoutError' || name === 'AbortError' || (typeof code === 'string' && networkCodes.test(code))
  );
}

/** Postgres found no partition for an inbox row: dropped by another replica, made again before the next try. */
export function lacksInboxPartition(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown };
  return code === '23514' && routine === 'ExecFindPartition';
}

/**
 * A line for the dead letter. Messages of foreign errors may quote data (`invalid input syntax for type uuid: "…"`), so
 * only those written here are kept; of others the name and the code.
 */
export function describeFailure(error: unknown): string {
  if (
    error instanceof PermanentError ||
    error instanceof RecordRefusedError ||
    error instanceof DeadlineExceededError
  ) {
    return `${error.name}: ${error.message}`.slice(0, 500);
  }
  const {
    name = 'Error',
    code,
    constraint,
  } = (error ?? {}) as { name?: string; code?: unknown; constraint?: unknown };
  return [name, code, constraint].filter((part) => typeof part === 'string').join(' ');
}
