import { migrationSeries, type MigrationClass } from '@nest-arch/database';
import { Messaging0001 } from './0001-messaging.js';

/** Tables of outbox, inbox and erasure; an app lists them before its own migrations. */
export const messagingMigrations: readonly MigrationClass[] = migrationSeries('messaging', [Messaging0001]);
