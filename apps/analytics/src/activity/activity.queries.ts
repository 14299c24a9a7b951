import { execute, many, type Queryable, type Tx } from '@nest-arch/database';
import type { Period } from './period.js';

/** Where a count goes: the day of the event, and the lane of whoever counts it. */
export interface Slot {
  day: string;
  lane: number;
}

export function countSignUp(tx: Tx, { day, lane }: Slot): Promise<number> {
  return execute(
    tx,
    `insert into daily_counts as c (day, lane, sign_ups) values ($1, $2, 1)
     on conflict (day, lane) do update set sign_ups = c.sign_ups + 1`,
    [day, lane],
  );
}

export function countVerified(tx: Tx, { day, lane }: Slot): Promise<number> {
  return execute(
    tx,
    `insert into daily_counts as c (day, lane, verified) values ($1, $2, 1)
     on conflict (day, lane) do update set verified = c.verified + 1`,
    [day, lane],
  );
}

/** Counts a person once a day, however often they are seen. */
export function countActive(tx: Tx, userId: string, { day, lane }: Slot): Promise<number> {
  return execute(
    tx,
    `with first_seen as (
       insert into daily_active (user_id, day) values ($1, $2) on conflict do nothing returning day
     )
     insert into daily_counts as c (day, lane, active) select day, $3, 1 from first_seen
     on conflict (day, lane) do update set active = c.active + 1`,
    [userId, day, lane],
  );
}

/** Forgets when a person was there. The counts stay: nobody can be told from them. */
export function forgetActivity(tx: Tx, userId: string): Promise<number> {
  return execute(tx, `delete from daily_active where user_id = $1`, [userId]);
}

export interface Day {
  day: string;
  signUps: number;
  verified: number;
  active: number;
}

/** Every day of the period, oldest first; one on which nothing happened is all zeros. */
export function findDays(db: Queryable, { from, to }: Period): Promise<Day[]> {
  return many<Day>(
    db,
    `select to_char(day, 'YYYY-MM-DD') as day,
            coalesce(sum(c.sign_ups), 0)::int as "signUps",
            coalesce(sum(c.verified), 0)::int as verified,
            coalesce(sum(c.active), 0)::int as active
       from generate_series(0, $2::date - $1::date) as n
      cross join lateral (select $1::date + n as day) as days
       left join daily_counts c using (day)
      group by day
      order by day`,
    [from, to],
  );
}
