import { execute, many, one, type Queryable, type Tx } from '@nest-arch/database';
import type { Headers } from '../wire/headers.js';

export interface OutboxRow {
  bucket: number;
  /** A bigint as text. */
  seq: string;
  id: string;
  topic: string;
  key: string;
  type: string;
  version: number | null;
  payload: string | null;
  headers: Headers;
  createdAt: Date;
  attempts: number;
}

export type NewOutboxRow = Omit<OutboxRow, 'seq' | 'createdAt' | 'attempts'>;

const insertion = `
  insert into outbox (bucket, id, topic, key, type, version, payload, headers)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

export function insertOutboxRow(tx: Tx, row: NewOutboxRow): Promise<number> {
  return execute(tx, insertion, insertionParams(row));
}

/** The same, and what the row's record says of its time. */
export function insertUrgentRow(tx: Tx, row: NewOutboxRow): Promise<{ createdAt: Date }> {
  return one(tx, `${insertion} returning created_at as "createdAt"`, insertionParams(row));
}

function insertionParams(row: NewOutboxRow): unknown[] {
  const { bucket, id, topic, key, type, version, payload, headers } = row;
  return [bucket, id, topic, key, type, version, payload, JSON.stringify(headers)];
}

/** Many rows of one type in one statement, numbered in the order of the list. */
export function insertOutboxRows(
  tx: Tx,
  rows: Pick<NewOutboxRow, 'bucket' | 'id' | 'key' | 'version' | 'payload'>[],
  common: Pick<NewOutboxRow, 'topic' | 'type' | 'headers'>,
): Promise<number> {
  return execute(
    tx,
    `insert into outbox (bucket, id, topic, key, type, version, payload, headers)
     select bucket, id, $6, key, $7, version, payload, $8
       from unnest($1::smallint[], $2::uuid[], $3::text[], $4::integer[], $5::text[])
            with ordinality as r (bucket, id, key, version, payload, place)
      order by place`,
    [
      rows.map(({ bucket }) => bucket),
      rows.map(({ id }) => id),
      rows.map(({ key }) => key),
      rows.map(({ version }) => version),
      rows.map(({ payload }) => payload),
      common.topic,
      common.type,
      JSON.stringify(common.headers),
    ],
  );
}

/** Counts to `limit` and no further. */
export async function countPending(db: Queryable, limit: number): Promise<number> {
  const { pending } = await one<{ pending: number }>(
    db,
    `select count(*)::int as pending from (select 1 from outbox limit $1) counted`,
    [limit],
  );
  return pending;
}

/** The number of the latest row; null when nothing waits. */
export async function latestSeq(db: Queryable): Promise<string | null> {
  const { seq } = await one<{ seq: string | null }>(db, `select max(seq) as seq from outbox`);
  return seq;
}

/** How many rows wait up to this one, those of blocked topics and held keys among them. */
export async function countUpTo(db: Queryable, seq: string): Promise<number> {
  const { pending } = await one<{ pending: number }>(
    db,
    `select count(*)::int as pending from outbox where seq <= $1`,
    [seq],
  );
  return pending;
}

/** Which of these keys have records of the topic on their way. */
export async function pendingKeys(
  db: Queryable,
  { topic, keys }: { topic: string; keys: { bucket: number; key: string }[] },
): Promise<string[]> {
  const rows = await many<{ key: string }>(
    db,
    `select distinct o.key from outbox o
      where o.bucket = any ($2::smallint[]) and o.topic = $1 and o.key = any ($3::text[])`,
    [topic, [...new Set(keys.map(({ bucket }) => bucket))], keys.map(({ key }) => key)],
  );
  return rows.map(({ key }) => key);
}

/**
 * The oldest rows of each bucket, in the order of `seq`. No row locks: the lease is what keeps others away. Rows behind a
 * held one of the same topic and key wait with it, and so do the topics in `blocked`.
 */
export function readPending(
  db: Queryable,
  { buckets, perBucket, blocked }: { buckets: number[]; perBucket: number; blocked: string[] },
): Promise<OutboxRow[]> {
  return many<OutboxRow>(
    db,
    `select o.bucket, o.seq, o.id, o.topic, o.key, o.type, o.version, o.payload, o.headers,
            o.created_at as "createdAt", o.attempts
       from unnest($1::smallint[]) as b (bucket)
      cross join lateral (
        select * from outbox p
         where p.bucket = b.bucket and p.topic <> all ($3::text[])
           and (p.topic, p.key) not in (select h.topic, h.key from outbox h where h.next_attempt_at > now())
         order by p.seq limit $2) o
      order by o.seq`,
    [buckets, perBucket, blocked],
  );
}

/**
 * Looks each row up by the primary key, whatever the planner believes: statistics taken while the table was empty, as it
 * mostly is, let a plain join compare every row that waits with every row of the list, seconds long behind an outage.
 */
export function deleteRows(db: Queryable, rows: Pick<OutboxRow, 'bucket' | 'seq'>[]): Promise<number> {
  return execute(
    db,
    `delete from outbox where ctid = any (array(
       select o.ctid from unnest($1::smallint[], $2::bigint[]) as d (bucket, seq)
        cross join lateral (
          select p.ctid from outbox p where p.bucket = d.bucket and p.seq = d.seq limit 1) o))`,
    [rows.map((row) => row.bucket), rows.map((row) => row.seq)],
  );
}

/** Puts a row (and with it the later rows of its key) off, for longer each time, at most five minutes. */
export function holdRow(db: Queryable, row: OutboxRow): Promise<number> {
  return execute(
    db,
    `update outbox set attempts = attempts + 1,
            next_attempt_at = now() + least(interval '1 second' * power(2, least(attempts, 10)), interval '5 minutes')
      where bucket = $1 and seq = $2`,
    [row.bucket, row.seq],
  );
}

export function buryRow(tx: Tx, row: OutboxRow, reason: string): Promise<number> {
  return execute(
    tx,
    `with dead as (delete from outbox where bucket = $1 and seq = $2 returning *)
     insert into outbox_dead_letters (id, bucket, seq, topic, key, type, version, payload, headers, created_at, reason)
     select id, bucket, seq, topic, key, type, version, payload, headers, created_at, $3 from dead
     on conflict (id) do nothing`,
    [row.bucket, row.seq, reason],
  );
}

/** Backlog for the metrics. Counts to 100,000 and no further: beyond that only "many" matters. */
export function readBacklog(db: Queryable): Promise<{ pending: number; oldestSeconds: number }> {
  return one(
    db,
    `select (select count(*)::int from (select 1 from outbox limit 100000) counted) as pending,
            coalesce((select extract(epoch from now() - min(head.created_at))
                        from generate_series(0, 63) as b (bucket)
                       cross join lateral (
                         select created_at from outbox o where o.bucket = b.bucket order by seq limit 1) head
                     ), 0)::float8 as "oldestSeconds"`,
  );
}
