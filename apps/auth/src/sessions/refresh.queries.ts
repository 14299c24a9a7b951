import { type Tx, maybeOne } from '@nest-arch/database';
import type { OpaqueToken } from '../tokens/opaque-token.js';
import type { UserStatus } from '../users/user.entity.js';

/** How long a client that lost an answer, or its other tabs, may come back with a used token. */
const graceSeconds = 10;

export interface RefreshSubject {
  sessionId: string;
  status: UserStatus;
  ver: number;
  roles: string[];
  region: string;
  /** True when the use of the session was last announced five minutes ago or more. */
  isAnnouncementDue: boolean;
}

/**
 * Whose token this is, used or not. Locks the user `for share`: what revokes a user's tokens takes the row exclusively, so
 * either it has finished, and the next statement sees all of it, or it waits until this transaction has.
 */
export function shareRefreshSubject(tx: Tx, { userId, hash }: OpaqueToken): Promise<RefreshSubject | null> {
  return maybeOne<RefreshSubject>(
    tx,
    `select t.session_id as "sessionId", u.status, u.ver, u.roles, u.region,
            s.announced_at < now() - interval '5 minutes' as "isAnnouncementDue"
       from refresh_tokens t
       join sessions s on s.user_id = t.user_id and s.session_id = t.session_id
       join users u on u.user_id = t.user_id
      where t.user_id = $1 and t.token_hash = $2
        for share of u`,
    [userId, hash],
  );
}

export interface Rotation {
  token: OpaqueToken;
  sessionId: string;
  successorHash: Buffer;
  successorCiphertext: Buffer;
  announce: boolean;
}

/**
 * Puts the successor in the token's place. Null when the token is used or expired or its session over; exactly one of many
 * concurrent callers gets a row. The session's row comes first: whoever ends it at the same moment either waits for this
 * statement or makes it find nothing. The parent's ciphertext goes, for its successor has now been used.
 */
export function rotate(tx: Tx, rotation: Rotation): Promise<{ expiresAt: Date } | null> {
  const { token, sessionId, successorHash, successorCiphertext, announce } = rotation;
  return maybeOne<{ expiresAt: Date }>(
    tx,
    `with session as (
       update sessions
          set last_used_at = now(), idle_expires_at = least(expires_at, now() + idle_seconds * interval '1 second'),
              announced_at = case when $6 then now() else announced_at end
        where user_id = $1 and session_id = $3 and ended_at is null and expires_at > now() and idle_expires_at > now()
       returning session_id, idle_expires_at
     ), used as (
       update refresh_tokens t
          set used_at = now(), successor_hash = $4, successor_ciphertext = $5
         from session
        where t.user_id = $1 and t.token_hash = $2 and t.used_at is null and t.expires_at > now()
       returning t.parent_hash
     ), forgotten as (
       update refresh_tokens p set successor_ciphertext = null
         from used where p.user_id = $1 and p.token_hash = used.parent_hash
     )
     insert into refresh_tokens (user_id, token_hash, session_id, parent_hash, expires_at)
     select $1, $4, session.session_id, $2, session.idle_expires_at from session, used
     returning expires_at as "expiresAt"`,
    [token.userId, token.hash, sessionId, successorHash, successorCiphertext, announce],
  );
}

/**
 * Why a token could not be rotated: `isUsed`, and the successor's ciphertext where a repetition is still forgiven, that is
 * for ten seconds, while the session lives and nobody has used the successor.
 */
export function findUse(
  tx: Tx,
  { userId, hash }: OpaqueToken,
): Promise<{ isUsed: boolean; forgiven: Buffer | null } | null> {
  return maybeOne(
    tx,
    `select t.used_at is not null as "isUsed",
            case when t.used_at > now() - ${graceSeconds} * interval '1 second'
                  and s.ended_at is null and s.expires_at > now() and s.idle_expires_at > now()
                  and exists (select 1 from refresh_tokens n
                               where n.user_id = $1 and n.token_hash = t.successor_hash and n.used_at is null)
                 then t.successor_ciphertext end as forgiven
       from refresh_tokens t
       join sessions s on s.user_id = t.user_id and s.session_id = t.session_id
      where t.user_id = $1 and t.token_hash = $2`,
    [userId, hash],
  );
}
