import { userRegisteredV1 } from '@nest-arch/contracts';
import { type Db, execute, one, type Tx } from '@nest-arch/database';
import type { Outbox } from '@nest-arch/messaging';
import { newUsers } from './records.ts';

/** Users in a table of their own, for transactions like those of our services. */
export async function createUsers(db: Db, count: number): Promise<string[]> {
  const users = newUsers(count);
  await execute(
    db,
    'create table users (id uuid primary key, version integer not null) with (fillfactor = 70)',
  );
  await execute(db, 'insert into users select unnest($1::uuid[]), 1', [users]);
  return users;
}

/** A change as our services make it: takes the user's row lock and the next version. */
export async function change(tx: Tx, userId: string): Promise<number> {
  const { version } = await one<{ version: number }>(
    tx,
    'update users set version = version + 1 where id = $1 returning version',
    [userId],
  );
  return version;
}

/** Announces it, in the same transaction. */
export function announce(outbox: Outbox, tx: Tx, change: { userId: string; version: number }): Promise<void> {
  const data = { ...userRegisteredV1.fixture, ...change };
  return outbox.add(tx, userRegisteredV1, data, { key: change.userId, version: change.version });
}

/** Another user each time, the same only when all have had their turn: no two callers wait for one row lock. */
export function turns(users: readonly string[]): () => string {
  let next = 0;
  return () => users[next++ % users.length] as string;
}
