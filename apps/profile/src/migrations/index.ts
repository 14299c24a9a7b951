import type { MigrationClass } from '@nest-arch/database';
import { messagingMigrations } from '@nest-arch/messaging';
import { Profiles0001 } from './0001-profiles.js';

export const migrations: readonly MigrationClass[] = [...messagingMigrations, Profiles0001];
