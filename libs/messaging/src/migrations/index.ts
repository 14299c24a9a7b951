import { migrationSeries, type MigrationClass } from '@nest-arch/database';
import { Messaging0001 } from './0001-messaging.js';
import { Messaging0002 } from './0002-projections.js';

/** Tables of outbox, inbox, erasure and projections; an app lists them before its own migrations. */
export const messagingMigrations: readonly MigrationClass[] = migrationSeries('messaging', [
  Messaging0001,
  Messaging0002,
]);
