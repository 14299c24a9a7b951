import { execute, type Queryable } from '@nest-arch/database';

/** Makes the chore known. One that is known keeps its time, or is due `withinMs` if that is sooner. */
export function ensureChore(
  db: Queryable,
  { name, firstAfterMs, withinMs }: { name: string; firstAfterMs: number; withinMs: number },
): Promise<number> {
  return execute(
    db,
    `insert into chores as c (name, due_at) values ($1, now() + $2 * interval '1 millisecond')
     on conflict (name) do update set due_at = least(c.due_at, now() + $3 * interval '1 millisecond')`,
    [name, firstAfterMs, withinMs],
  );
}

/** True for one caller when the chore is due: it is put off by `holdMs`, so that another takes it if the caller dies. */
export async function takeChore(db: Queryable, name: string, holdMs: number): Promise<boolean> {
  const taken = await execute(
    db,
    `update chores set due_at = now() + $2 * interval '1 millisecond' where name = $1 and due_at <= now()`,
    [name, holdMs],
  );
  return taken === 1;
}

/** The chore goes on: nobody else is to take it for another `holdMs`. */
export function holdChore(db: Queryable, name: string, holdMs: number): Promise<number> {
  return execute(
    db,
    `update chores set due_at = greatest(due_at, now() + $2 * interval '1 millisecond') where name = $1`,
    [name, holdMs],
  );
}

export function endChore(
  db: Queryable,
  { name, nextInMs, isDone }: { name: string; nextInMs: number; isDone: boolean },
): Promise<number> {
  return execute(
    db,
    `update chores set due_at = now() + $2 * interval '1 millisecond', done_at = case when $3 then now() else done_at end
      where name = $1`,
    [name, nextInMs, isDone],
  );
}
