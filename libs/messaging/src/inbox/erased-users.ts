import { execute, one, type Queryable, type Tx } from '@nest-arch/database';

/**
 * Puts a user on the service's erasure list, in the transaction that erases: records of the user that arrive later are
 * skipped. Answers whether the user was new there.
 */
export async function markErased(tx: Tx, userId: string): Promise<boolean> {
  return (
    (await execute(tx, `insert into erased_users (user_id) values ($1) on conflict do nothing`, [userId])) ===
    1
  );
}

/** Whether the user is on the list: nothing of them will come any more. */
export async function isErased(db: Queryable, userId: string): Promise<boolean> {
  const { erased } = await one<{ erased: boolean }>(
    db,
    `select exists (select 1 from erased_users where user_id = $1) as erased`,
    [userId],
  );
  return erased;
}
