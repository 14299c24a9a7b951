import { DefaultNamingStrategy, Table } from 'typeorm';

/**
 * camelCase properties, snake_case columns. Tables are named by hand; constraints that an entity leaves unnamed get the
 * name that Postgres gives an unnamed one, so that plain SQL and entity agree.
 */
export class SnakeNamingStrategy extends DefaultNamingStrategy {
  override tableName(targetName: string, userSpecifiedName: string | undefined): string {
    if (!userSpecifiedName) throw new Error(`Entity ${targetName} needs its table's name: @Entity('users')`);
    return userSpecifiedName;
  }

  override columnName(propertyName: string, customName: string, embeddedPrefixes: string[]): string {
    return [...embeddedPrefixes.map(snakeCase), customName || snakeCase(propertyName)].join('_');
  }

  override joinColumnName(relationName: string, referencedColumnName: string): string {
    return `${snakeCase(relationName)}_${snakeCase(referencedColumnName)}`;
  }

  override primaryKeyName(table: Table | string): string {
    return `${bareName(table)}_pkey`;
  }

  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return `${bareName(table)}_${columns.join('_')}_key`;
  }

  override indexName(table: Table | string, columns: string[]): string {
    return `${bareName(table)}_${columns.join('_')}_idx`;
  }

  override foreignKeyName(table: Table | string, columns: string[]): string {
    return `${bareName(table)}_${columns.join('_')}_fkey`;
  }

  override checkConstraintName(table: Table | string, expression: string): string {
    throw new Error(`The check (${expression}) of ${bareName(table)} needs a name`);
  }
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

function bareName(table: Table | string): string {
  const name = table instanceof Table ? table.name : table;
  return name.slice(name.lastIndexOf('.') + 1);
}
