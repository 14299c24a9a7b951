import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { catalogueOf } from './catalogue.js';
import type { Db } from './db.js';
import { many } from './sql.js';

export interface DriftOptions {
  /** The committed dump of the tables that have no entity. `UPDATE_CATALOGUE=1` writes it anew. */
  catalogue?: URL | string;
  /** Tables that are made at run time, by name. Partitions are left out anyway. */
  ignoreTables?: readonly string[];
}

/**
 * Fails when the migrated database differs from the code: TypeORM would still change a table of an entity, or a table
 * without an entity is not as its committed dump says.
 */
export async function assertNoDrift(db: Db, options: DriftOptions = {}): Promise<void> {
  const statements = await entityDrift(db);
  if (statements.length > 0)
    throw new Error(`Entities and migrations differ; TypeORM would run:\n${statements.join('\n')}`);
  await compareCatalogue(db, options);
}

async function entityDrift({ dataSource }: Db): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

async function compareCatalogue(db: Db, { catalogue, ignoreTables = [] }: DriftOptions): Promise<void> {
  const tables = await tablesWithoutEntity(db, ['migrations', ...ignoreTables]);
  if (tables.length === 0 && !catalogue) return;
  if (!catalogue)
    throw new Error(`Tables without an entity need a committed catalogue: ${tables.join(', ')}`);

  const actual = await catalogueOf(db, tables);
  if (process.env['UPDATE_CATALOGUE']) writeFileSync(catalogue, actual);
  const committed = existsSync(catalogue) ? readFileSync(catalogue, 'utf8') : '';
  if (actual !== committed) {
    throw new Error(
      `The catalogue differs (UPDATE_CATALOGUE=1 writes it anew):\n${difference(committed, actual)}`,
    );
  }
}

async function tablesWithoutEntity(db: Db, ignored: readonly string[]): Promise<string[]> {
  const known = db.dataSource.entityMetadatas.map(({ tableName }) => tableName);
  const rows = await many<{ name: string }>(
    db,
    `select relname as name
       from pg_class
      where relnamespace = current_schema()::regnamespace
        and relkind in ('r', 'p') and not relispartition and relname <> all($1)
      order by relname collate "C"`,
    [[...known, ...ignored]],
  );
  return rows.map(({ name }) => name);
}

function difference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
  const added = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`);
  return [...gone, ...added].join('\n');
}
