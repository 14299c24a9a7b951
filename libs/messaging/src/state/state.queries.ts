import { many, type Queryable } from '@nest-arch/database';
import { isUuid } from '../inbox/inbox-id.js';

/** Which of these keys are on the service's erasure list. Keys that are no user ids are on none. */
export async function erasedAmong(db: Queryable, keys: string[]): Promise<Set<string>> {
  const rows = await many<{ key: string }>(
    db,
    `select user_id::text as key from erased_users where user_id = any ($1::uuid[])`,
    [keys.filter(isUuid)],
  );
  return new Set(rows.map(({ key }) => key));
}
