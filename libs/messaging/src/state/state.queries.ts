import { many, type Queryable } from '@nest-arch/database';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Which of these keys are on the service's erasure list. Keys that are no user ids are on none. */
export async function erasedAmong(db: Queryable, keys: string[]): Promise<Set<string>> {
  const rows = await many<{ key: string }>(
    db,
    `select user_id::text as key from erased_users where user_id = any ($1::uuid[])`,
    [keys.filter((key) => uuid.test(key))],
  );
  return new Set(rows.map(({ key }) => key));
}
