import { type Queryable, type Tx, execute, maybeOne } from '@nest-arch/database';
import type { UserStatus } from '../users/user.entity.js';

export interface Credentials {
  status: UserStatus;
  isVerified: boolean;
  /** Null while nobody has proven the address: passwords of attempts are nobody's yet and open nothing. */
  passwordHash: string | null;
  /** Null where there is no password. */
  generation: number | null;
}

/** What a sign-in is judged by. Attempts are left out on purpose: docs/adr/0008. */
export function findCredentials(db: Queryable, userId: string): Promise<Credentials | null> {
  return maybeOne<Credentials>(
    db,
    `select u.status, u.email_verified_at is not null as "isVerified", p.generation, p.hash as "passwordHash"
       from users u left join passwords p on p.user_id = u.user_id
      where u.user_id = $1`,
    [userId],
  );
}

export interface NewSession {
  userId: string;
  sessionId: string;
  clientId: string;
  userAgent: string | null;
  refreshTokenHash: Buffer;
  idleSeconds: number;
  absoluteSeconds: number;
  /** The password that was checked; if it has been changed since, no session begins. */
  generation: number;
}

/** A session and its first refresh token. 0 when the password has changed since it was checked. */
export function insertSession(tx: Tx, session: NewSession): Promise<number> {
  const { userId, sessionId, clientId, userAgent, refreshTokenHash } = session;
  return execute(
    tx,
    `with session as (
       insert into sessions (user_id, session_id, client_id, method, user_agent, idle_seconds,
                             idle_expires_at, expires_at)
       select $1, $2, $3, 'password', $4, $6::int,
              now() + least($6::int, $7::int) * interval '1 second', now() + $7::int * interval '1 second'
         from passwords where user_id = $1 and generation = $8
       returning user_id, session_id, idle_expires_at)
     insert into refresh_tokens (user_id, token_hash, session_id, expires_at)
     select user_id, $5, session_id, idle_expires_at from session`,
    [
      ...[userId, sessionId, clientId, userAgent, refreshTokenHash],
      ...[session.idleSeconds, session.absoluteSeconds, session.generation],
    ],
  );
}
