import type { MigrationClass } from '@nest-arch/database';
import { messagingMigrations } from '@nest-arch/messaging';
import { Notification0001 } from './0001-notification.js';

export const migrations: readonly MigrationClass[] = [...messagingMigrations, Notification0001];
