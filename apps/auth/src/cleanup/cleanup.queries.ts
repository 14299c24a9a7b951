import { type Queryable, execute } from '@nest-arch/database';

/**
 * What time has made worthless. Every statement takes a bounded number of rows by an index and is a transaction of its own;
 * these are the only statements that look across users.
 */
const sweeps = {
  // Attempts outlive their token by a week: a repeated mail renews the latest one.
  registrationAttempts: `registration_attempts where created_at < now() - interval '8 days'`,
  refreshTokens: `refresh_tokens where expires_at < now()`,
  // Ended sessions stay until their absolute end: their tokens must find them to be refused by name.
  sessions: `sessions where expires_at < now() - interval '1 day'`,
  signInThrottles: `sign_in_throttles where last_try_at < now() - interval '2 days'`,
  recipientMails: `recipient_mails where last_sent_at < now() - interval '1 hour'`,
} as const;

export type Sweep = keyof typeof sweeps;
export const sweepNames = Object.keys(sweeps) as Sweep[];

/** Deletes at most `limit` rows; answers how many. */
export function sweep(db: Queryable, name: Sweep, limit: number): Promise<number> {
  const [table = '', condition = ''] = sweeps[name].split(' where ');
  return execute(
    db,
    `delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit $1))`,
    [limit],
  );
}
