import { execute, many, one, type Tx, type Queryable } from '@nest-arch/database';

// Every time below is the database's: replicas need not agree on theirs.

/** Says that this relay lives, forgets those that do not, answers how many there are. */
export async function announce(tx: Tx, holder: string, leaseMs: number): Promise<number> {
  await execute(
    tx,
    `insert into outbox_relays (holder, expires_at) values ($1, now() + $2 * interval '1 millisecond')
     on conflict (holder) do update set expires_at = excluded.expires_at`,
    [holder, leaseMs],
  );
  const { live } = await one<{ live: number }>(
    tx,
    `select count(*)::int as live from outbox_relays where expires_at > now()`,
  );
  return live;
}

export function forgetDeadRelays(db: Queryable): Promise<number> {
  return execute(db, `delete from outbox_relays where expires_at < now() - interval '1 minute'`);
}

/** Extends the leases of this holder and answers their buckets. A lapsed lease that nobody took is still ours. */
export async function renewLeases(tx: Tx, holder: string, leaseMs: number): Promise<number[]> {
  const rows = await many<{ bucket: number }>(
    tx,
    `update outbox_leases set expires_at = now() + $2 * interval '1 millisecond' where holder = $1 returning bucket`,
    [holder, leaseMs],
  );
  return rows.map((row) => row.bucket).sort((a, b) => a - b);
}

/** Takes up to `wanted` free or lapsed buckets. Of two that want one row the second waits, looks again and gets none. */
export async function takeLeases(
  tx: Tx,
  { holder, leaseMs, wanted }: { holder: string; leaseMs: number; wanted: number },
): Promise<number[]> {
  const rows = await many<{ bucket: number }>(
    tx,
    `update outbox_leases set holder = $1, expires_at = now() + $2 * interval '1 millisecond'
      where bucket in (select bucket from outbox_leases where expires_at < now() order by bucket limit $3)
        and expires_at < now()
     returning bucket`,
    [holder, leaseMs, wanted],
  );
  return rows.map((row) => row.bucket);
}

export function releaseLeases(db: Queryable, holder: string, buckets: number[]): Promise<number> {
  return execute(
    db,
    `update outbox_leases set holder = null, expires_at = '-infinity' where holder = $1 and bucket = any ($2::smallint[])`,
    [holder, buckets],
  );
}

export function retire(db: Queryable, holder: string): Promise<number> {
  return execute(db, `delete from outbox_relays where holder = $1`, [holder]);
}
