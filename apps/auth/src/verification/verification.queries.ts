import { type Queryable, type Tx, execute, maybeOne } from '@nest-arch/database';
import type { OpaqueToken } from '../tokens/opaque-token.js';

export interface Attempt {
  passwordHash: string;
  displayName: string | null;
  locale: string | null;
}

const attemptColumns = `password_hash as "passwordHash", display_name as "displayName", locale`;

/** The attempt that a token could activate; null when there is none (any more). Decides nothing: see spendAttempt. */
export function findAttempt(db: Queryable, { userId, hash }: OpaqueToken): Promise<Attempt | null> {
  return maybeOne<Attempt>(
    db,
    `select ${attemptColumns} from registration_attempts
      where user_id = $1 and token_hash = $2 and expires_at > now()`,
    [userId, hash],
  );
}

/**
 * Spends a verification token; spent is gone. Null when it is unknown, expired or already spent; exactly one of many
 * concurrent callers gets the row.
 */
export function spendAttempt(tx: Tx, { userId, hash }: OpaqueToken): Promise<Attempt | null> {
  return maybeOne<Attempt>(
    tx,
    `delete from registration_attempts
      where user_id = $1 and token_hash = $2 and expires_at > now()
     returning ${attemptColumns}`,
    [userId, hash],
  );
}

/** Ends every attempt of the user: the address has its owner. */
export function endAttempts(tx: Tx, userId: string): Promise<number> {
  return execute(tx, `delete from registration_attempts where user_id = $1`, [userId]);
}

export async function findPasswordHash(tx: Tx, userId: string): Promise<string | null> {
  const row = await maybeOne<{ hash: string }>(tx, `select hash from passwords where user_id = $1`, [userId]);
  return row?.hash ?? null;
}
