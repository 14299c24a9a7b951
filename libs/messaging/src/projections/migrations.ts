/**
 * Statements for a migration that turns tables of an app into generation 1 of a projection: they move into its schema, and
 * views of the same names take their place, through which the previous release goes on to read and write.
 */
export function adoptTables(projection: string, tables: readonly string[]): string[] {
  const schema = `${projection}_1`;
  return [
    `create schema ${schema}`,
    ...tables.flatMap((table) => [
      `alter table ${table} set schema ${schema}`,
      `create view ${table} as select * from ${schema}.${table}`,
    ]),
    `insert into projections (name, generation, last_generation) values ('${projection}', 1, 1)`,
  ];
}

/** Statements for a migration that makes generation 1 of a new projection; `schema` as in the projection. */
export function createProjection(
  projection: string,
  { tables, schema }: { tables: readonly string[]; schema: readonly string[] },
): string[] {
  return [...schema, ...adoptTables(projection, tables)];
}
