export { v7 as uuidv7 } from 'uuid';
export { catalogueOf } from './catalogue.js';
export { IdColumn, TextColumn, TimeColumn } from './columns.js';
export { openDatabase } from './connect.js';
export { DatabaseModule } from './database.module.js';
export { Db } from './db.js';
export { assertNoDrift, type DriftOptions } from './drift.js';
export {
  CommitRolledBackError,
  CommitUnknownError,
  DatabaseUnavailableError,
  DatabaseUnsuitableError,
  RowCountError,
  TransactionClosedError,
  isTransient,
  violatedConstraint,
} from './errors.js';
export { migrationSeries, type Migration, type MigrationClass } from './migration-list.js';
export { runMigrations, type MigrationOptions } from './migrations.js';
export { SnakeNamingStrategy } from './naming.js';
export type { DatabaseOptions } from './options.js';
export { execute, many, maybeOne, one } from './sql.js';
export type { Queryable } from './statement.js';
export type { TransactionOptions } from './transaction.js';
export { Tx } from './tx.js';
