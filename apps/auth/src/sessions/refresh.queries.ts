import { type Queryable, type Tx, maybeOne } from '@nest-arch/database';
import type { TokenSubject } from '../keys/access-tokens.js';
import type { OpaqueToken } from '../tokens/opaque-token.js';

/** How long a client that lost an answer, or its other tabs, may come back with a used token. */
const graceSeconds = 10;

/** What the next access token says of the user. */
export type Rights = Pick<TokenSubject, 'ver' | 'roles' | 'region'>;

export interface TokenSession {
  sessionId: string;
  /** True when the use of the session was last announced five minutes ago or more. */
  isAnnouncementDue: boolean;
}

/** The session that a token belongs to, used or not. Decides nothing: see rotate. */
export function findTokenSession(db: Queryable, { userId, hash }: OpaqueToken): Promise<TokenSession | null> {
  return maybeOne<TokenSession>(
    db,
    `select t.session_id as "sessionId", s.announced_at < now() - interval '5 minutes' as "isAnnouncementDue"
       from refresh_tokens t
       join sessions s on s.user_id = t.user_id and s.session_id = t.session_id
      where t.user_id = $1 and t.token_hash = $2`,
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
 * Puts the successor in the token's place. Null when the token is used or expired, its session over or its user not active;
 * exactly one of many concurrent callers gets a row.
 *
 * Every row that decides is locked here, in this order: user, session, token. Postgres reads a row anew when it had to wait
 * for its lock, so whoever revokes at the same moment either waits for this statement or makes it find nothing, and the
 * rights are those after the last change. The parent's ciphertext goes, for its successor has now been used.
 */
export function rotate(on: Queryable, rotation: Rotation): Promise<Rights | null> {
  const { token, sessionId, successorHash, successorCiphertext, announce } = rotation;
  return maybeOne<Rights>(
    on,
    `with person as (
       select ver, roles, region from users where user_id = $1 and status = 'active' for share
     ), session as (
       update sessions s
          set last_used_at = now(), idle_expires_at = least(expires_at, now() + idle_seconds * interval '1 second'),
              announced_at = case when $6 then now() else announced_at end
         from person
        where s.user_id = $1 and s.session_id = $3
          and s.ended_at is null and s.expires_at > now() and s.idle_expires_at > now()
       returning s.session_id, s.idle_expires_at
     ), used as (
       update refresh_tokens t
          set used_at = now(), successor_hash = $4, successor_ciphertext = $5
         from session
        where t.user_id = $1 and t.token_hash = $2 and t.used_at is null and t.expires_at > now()
       returning t.parent_hash
     ), forgotten as (
       update refresh_tokens p set successor_ciphertext = null
         from used where p.user_id = $1 and p.token_hash = used.parent_hash
     ), successor as (
       insert into refresh_tokens (user_id, token_hash, session_id, parent_hash, expires_at)
       select $1, $4, session.session_id, $2, session.idle_expires_at from session, used
     )
     select person.ver, person.roles, person.region from person, used`,
    [token.userId, token.hash, sessionId, successorHash, successorCiphertext, announce],
  );
}

export interface TokenUse extends Rights {
  isUsed: boolean;
  /** The successor's ciphertext where a repetition is still forgiven. */
  forgiven: Buffer | null;
}

/**
 * Why a token could not be rotated. Forgiven is a repetition within ten seconds, while the session lives and nobody has
 * used the successor. Null when the user is not active.
 */
export function findUse(tx: Tx, { userId, hash }: OpaqueToken): Promise<TokenUse | null> {
  return maybeOne(
    tx,
    `select u.ver, u.roles, u.region, t.used_at is not null as "isUsed",
            case when t.used_at > now() - ${graceSeconds} * interval '1 second'
                  and s.ended_at is null and s.expires_at > now() and s.idle_expires_at > now()
                  and exists (select 1 from refresh_tokens n
                               where n.user_id = $1 and n.token_hash = t.successor_hash and n.used_at is null)
                 then t.successor_ciphertext end as forgiven
       from refresh_tokens t
       join sessions s on s.user_id = t.user_id and s.session_id = t.session_id
       join users u on u.user_id = t.user_id
      where t.user_id = $1 and t.token_hash = $2 and u.status = 'active'`,
    [userId, hash],
  );
}
