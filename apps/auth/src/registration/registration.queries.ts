import { type Tx, execute, maybeOne } from '@nest-arch/database';

export interface NewAttempt {
  userId: string;
  tokenHash: Buffer;
  passwordHash: string;
  displayName: string | null;
  locale: string | null;
  ttlSeconds: number;
}

export function insertAttempt(tx: Tx, attempt: NewAttempt): Promise<number> {
  const { userId, tokenHash, passwordHash, displayName, locale, ttlSeconds } = attempt;
  return execute(
    tx,
    `insert into registration_attempts (user_id, token_hash, password_hash, display_name, locale, expires_at)
     values ($1, $2, $3, $4, $5, now() + $6 * interval '1 second')`,
    [userId, tokenHash, passwordHash, displayName, locale, ttlSeconds],
  );
}

/** The latest attempt once more, under a new token: what a repeated mail activates. Null when there is no attempt. */
export function renewLatestAttempt(
  tx: Tx,
  { userId, tokenHash, ttlSeconds }: Pick<NewAttempt, 'userId' | 'tokenHash' | 'ttlSeconds'>,
): Promise<{ locale: string | null } | null> {
  return maybeOne<{ locale: string | null }>(
    tx,
    `insert into registration_attempts (user_id, token_hash, password_hash, display_name, locale, created_at, expires_at)
     select user_id, $2, password_hash, display_name, locale, created_at, now() + $3 * interval '1 second'
       from registration_attempts where user_id = $1
      order by created_at desc, token_hash limit 1
     returning locale`,
    [userId, tokenHash, ttlSeconds],
  );
}
