import { execute, type Tx } from '@nest-arch/database';

// The counter first: whoever adds to the inbox or marks it holds that row, and is waited for.
const tables = [
  'inbox_counters',
  'inbox_items',
  'inbox_read_alls',
  'deliveries',
  'messages',
  'contacts',
] as const;

/** Deletes all that this service has of a person. */
export async function eraseUser(tx: Tx, userId: string): Promise<void> {
  for (const table of tables) await execute(tx, `delete from ${table} where user_id = $1`, [userId]);
}
