import type { MigrationClass } from '@nest-arch/database';
import { messagingMigrations } from '@nest-arch/messaging';
import { Notification0001 } from './0001-notification.js';
import { Unacknowledged0002 } from './0002-unacknowledged.js';
import { ContactsProjection0003 } from './0003-contacts-projection.js';

export const migrations: readonly MigrationClass[] = [
  ...messagingMigrations,
  Notification0001,
  Unacknowledged0002,
  ContactsProjection0003,
];
