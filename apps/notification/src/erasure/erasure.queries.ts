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

/** Deletes all that this service has of these people. */
export async function eraseUsers(tx: Tx, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  for (const table of tables)
    await execute(tx, `delete from ${table} where user_id = any($1::uuid[])`, [userIds]);
}
