import { execute, type Tx } from '@nest-arch/database';

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
