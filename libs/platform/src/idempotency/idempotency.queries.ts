import { type Tx, execute, maybeOne, one } from '@nest-arch/database';

export interface StoredAnswer {
  fingerprint: Buffer;
  answer: Buffer;
}

/** False while another transaction works under the same key. Held until this one ends, on whatever way. */
export async function tryLock(tx: Tx, keyHash: Buffer): Promise<boolean> {
  const row = await one<{ locked: boolean }>(tx, 'select pg_try_advisory_xact_lock($1::bigint) as locked', [
    keyHash.readBigInt64BE(0).toString(),
  ]);
  return row.locked;
}

export function findAnswer(tx: Tx, scope: string, keyHash: Buffer): Promise<StoredAnswer | null> {
  return maybeOne<StoredAnswer>(
    tx,
    `select fingerprint, answer from idempotency_keys
      where scope = $1 and key_hash = $2 and expires_at > now()`,
    [scope, keyHash],
  );
}

export function storeAnswer(tx: Tx, scope: string, keyHash: Buffer, stored: StoredAnswer): Promise<number> {
  return execute(
    tx,
    `insert into idempotency_keys (scope, key_hash, fingerprint, answer, expires_at)
     values ($1, $2, $3, $4, now() + interval '24 hours')
     on conflict (scope, key_hash) do update
       set fingerprint = excluded.fingerprint, answer = excluded.answer, expires_at = excluded.expires_at`,
    [scope, keyHash, stored.fingerprint, stored.answer],
  );
}

/** Drops answers past their day, a bounded number at a time. */
export function sweepAnswers(tx: Tx, limit: number): Promise<number> {
  return execute(
    tx,
    `delete from idempotency_keys where ctid = any(array(
       select ctid from idempotency_keys where expires_at < now() limit $1))`,
    [limit],
  );
}
