import type { MigrationClass } from '@nest-arch/database';
import { messagingMigrations } from '@nest-arch/messaging';
import { Activity0001 } from './0001-activity.js';

/** The library's tables first (outbox, inbox, erased people), then our own. */
export const migrations: readonly MigrationClass[] = [...messagingMigrations, Activity0001];
