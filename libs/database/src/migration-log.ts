import type { ListedMigration } from './migration-list.js';
import { execute, many, one } from './sql.js';
import type { Queryable } from './statement.js';

interface AppliedMigration {
  series: string;
  number: number;
  name: string;
}

export async function ensureMigrationLog(db: Queryable): Promise<void> {
  await execute(
    db,
    `create table if not exists migrations (
       series text not null,
       number bigint not null,
       name text not null,
       applied_at timestamptz not null default now(),
       constraint migrations_pkey primary key (series, number)
     )`,
  );
}

/**
 * The listed migrations that have not been applied. Throws when the list contradicts the log: an applied number has
 * another name now, or a new number lies below an applied one (two branches; the later one must be renumbered).
 */
export async function pendingMigrations(
  db: Queryable,
  listed: ListedMigration[],
): Promise<ListedMigration[]> {
  const applied = await appliedMigrations(db);
  const last = new Map<string, number>();
  for (const { series, number } of applied) last.set(series, Math.max(number, last.get(series) ?? 0));

  return listed.filter(({ series, number, name }) => {
    const same = applied.find((other) => other.series === series && other.number === number);
    if (same && same.name !== name) {
      throw new Error(
        `Migration ${number} (${series}) was applied as ${same.name} and is called ${name} now`,
      );
    }
    if (!same && number < (last.get(series) ?? 0)) {
      throw new Error(
        `Migration ${name} (${series}) is new, but number ${last.get(series)} is already applied`,
      );
    }
    return !same;
  });
}

export async function recordMigration(
  db: Queryable,
  { series, number, name }: ListedMigration,
): Promise<void> {
  await execute(db, `insert into migrations (series, number, name) values ($1, $2, $3)`, [
    series,
    number,
    name,
  ]);
}

async function appliedMigrations(db: Queryable): Promise<AppliedMigration[]> {
  const { exists } = await one<{ exists: boolean }>(
    db,
    `select to_regclass('migrations') is not null as exists`,
  );
  if (!exists) return [];
  return many(db, `select series, number::float8 as number, name from migrations`);
}
