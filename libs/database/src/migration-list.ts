import type { QueryRunner } from 'typeorm';

/** A TypeORM migration, forward only; `class Users0001` is number 1. TypeORM's own MigrationInterface fits too. */
export interface Migration {
  /** Defaults to the name of the class. */
  name?: string;
  /** `false` for what refuses a transaction, such as `create index concurrently`. */
  transaction?: boolean;
  up(runner: QueryRunner): Promise<unknown>;
}

export type MigrationClass = new () => Migration;

export interface ListedMigration {
  series: string;
  number: number;
  name: string;
  instance: Migration;
}

const seriesOf = new WeakMap<MigrationClass, string>();

/**
 * Marks a library's migrations as a numbering of their own, beside the app's, so that a library can add its number 2
 * after an app has run its number 7. Answers the same classes.
 */
export function migrationSeries(
  series: string,
  migrations: readonly MigrationClass[],
): readonly MigrationClass[] {
  for (const migration of migrations) seriesOf.set(migration, series);
  return migrations;
}

/** Numbers the classes and sorts each series; series run in the order in which they first appear. */
export function listMigrations(classes: readonly MigrationClass[]): ListedMigration[] {
  const groups = new Map<string, ListedMigration[]>();
  for (const migrationClass of classes) {
    const listed = describe(migrationClass);
    const group = groups.get(listed.series) ?? [];
    const twin = group.find((other) => other.number === listed.number);
    if (twin)
      throw new Error(`Migrations ${twin.name} and ${listed.name} (${listed.series}) have the same number`);
    groups.set(listed.series, [...group, listed]);
  }
  return [...groups.values()].flatMap((group) => group.sort((a, b) => a.number - b.number));
}

function describe(migrationClass: MigrationClass): ListedMigration {
  const instance = new migrationClass();
  const name = instance.name ?? migrationClass.name;
  const digits = /\d+$/.exec(name)?.[0];
  if (!digits) throw new Error(`Migration ${name} does not end in its number, like Users0001`);
  return { series: seriesOf.get(migrationClass) ?? 'app', number: Number(digits), name, instance };
}
