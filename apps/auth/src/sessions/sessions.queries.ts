import { type Queryable, type Tx, execute, many } from '@nest-arch/database';
import type { EndReason } from './session.entity.js';

const isLive = `ended_at is null and expires_at > now() and idle_expires_at > now()`;

export interface LiveSession {
  sessionId: string;
  userAgent: string | null;
  createdAt: Date;
  lastUsedAt: Date;
}

/** Sessions that can still be used, the latest used first. A person has few, so no pages. */
export function findLiveSessions(db: Queryable, userId: string): Promise<LiveSession[]> {
  return many<LiveSession>(
    db,
    `select session_id as "sessionId", user_agent as "userAgent", created_at as "createdAt",
            last_used_at as "lastUsedAt"
       from sessions where user_id = $1 and ${isLive}
      order by last_used_at desc limit 100`,
    [userId],
  );
}

/** Ends one session. 0 when there is no such session or it is over. */
export function endSession(
  tx: Tx,
  { userId, sessionId, reason }: { userId: string; sessionId: string; reason: EndReason },
): Promise<number> {
  return execute(
    tx,
    `update sessions set ended_at = now(), end_reason = $3
      where user_id = $1 and session_id = $2 and ${isLive}`,
    [userId, sessionId, reason],
  );
}

/** Ends every session of the user but one; answers their ids. To be called under the user's row lock. */
export async function endSessions(
  tx: Tx,
  { userId, except, reason }: { userId: string; except: string | null; reason: EndReason },
): Promise<string[]> {
  const rows = await many<{ sessionId: string }>(
    tx,
    `update sessions set ended_at = now(), end_reason = $3
      where user_id = $1 and session_id is distinct from $2 and ${isLive}
     returning session_id as "sessionId"`,
    [userId, except, reason],
  );
  return rows.map(({ sessionId }) => sessionId);
}

/** Refuses access tokens below `ver` in every session of the user; the sessions go on. */
export function raiseMinVer(tx: Tx, userId: string, ver: number): Promise<number> {
  return execute(tx, `update sessions set min_ver = $2 where user_id = $1 and ${isLive}`, [userId, ver]);
}

/** For each session whether a token of it with this `ver` is still good. */
export function checkSessions(
  db: Queryable,
  sessions: readonly { sid: string; userId: string; ver: number }[],
): Promise<{ sid: string; active: boolean }[]> {
  return many(
    db,
    `select c.sid, exists (select 1 from sessions s
                            where s.user_id = c.user_id and s.session_id = c.sid and ${isLive}
                              and s.min_ver <= c.ver) as active
       from unnest($1::uuid[], $2::uuid[], $3::bigint[]) with ordinality as c (sid, user_id, ver, place)
      order by c.place`,
    [sessions.map(({ sid }) => sid), sessions.map(({ userId }) => userId), sessions.map(({ ver }) => ver)],
  );
}
