import { type Queryable, execute, maybeOne, one } from '@nest-arch/database';

export interface ThrottlePolicy {
  freeTries: number;
  firstWaitSeconds: number;
  longestWaitSeconds: number;
  forgetSeconds: number;
}

const next = `case when t.last_try_at < now() - $5 * interval '1 second' then 1 else t.tries + 1 end`;
const waitAfter = (tries: string) =>
  `case when ${tries} < $2 then interval '0'
        else least($4, $3 * power(2, least(${tries} - $2, 30))) * interval '1 second' end`;

/**
 * Counts a try to sign in, before the password is looked at. Answers the seconds to wait when it is not allowed, 0 when it
 * is. One guarded statement: of many parallel tries at one address only the free ones pass, whatever the timing.
 */
export async function countTry(
  db: Queryable,
  identifierHash: Buffer,
  policy: ThrottlePolicy,
): Promise<number> {
  const { freeTries, firstWaitSeconds, longestWaitSeconds, forgetSeconds } = policy;
  const counted = await maybeOne<{ tries: number }>(
    db,
    `insert into sign_in_throttles as t (identifier_hash, tries, last_try_at, blocked_until)
     values ($1, 1, now(), now() + ${waitAfter('1')})
     on conflict (identifier_hash) do update
       set tries = ${next}, last_try_at = now(), blocked_until = now() + ${waitAfter(`(${next})`)}
     where t.blocked_until <= now()
     returning tries`,
    [identifierHash, freeTries, firstWaitSeconds, longestWaitSeconds, forgetSeconds],
  );
  if (counted) return 0;
  const { seconds } = await one<{ seconds: number }>(
    db,
    `select coalesce(greatest(1, extract(epoch from max(blocked_until) - now())), 1)::float8 as seconds
       from sign_in_throttles where identifier_hash = $1`,
    [identifierHash],
  );
  return Math.ceil(seconds);
}

/** A right password ends the count. */
export function forgetTries(db: Queryable, identifierHash: Buffer): Promise<number> {
  return execute(db, `delete from sign_in_throttles where identifier_hash = $1`, [identifierHash]);
}
