import { type Queryable, type Tx, execute } from '@nest-arch/database';

/** Sets the password of an account. */
export async function setPassword(tx: Tx, userId: string, hash: string): Promise<void> {
  await execute(
    tx,
    `insert into passwords as p (user_id, hash) values ($1, $2)
     on conflict (user_id) do update
       set hash = excluded.hash, generation = p.generation + 1, changed_at = now()`,
    [userId, hash],
  );
}

/** Puts a stronger hash of the same password in the place of `from`; nothing if it was changed meanwhile. */
export function replaceHash(
  db: Queryable,
  { userId, from, to }: { userId: string; from: string; to: string },
): Promise<number> {
  return execute(db, `update passwords set hash = $3 where user_id = $1 and hash = $2`, [userId, from, to]);
}
