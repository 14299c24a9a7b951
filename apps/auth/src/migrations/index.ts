import type { MigrationClass } from '@nest-arch/database';
import { messagingMigrations } from '@nest-arch/messaging';
import { idempotencyMigrations } from '@nest-arch/platform/idempotency';
import { Users0001 } from './0001-users.js';
import { Sessions0002 } from './0002-sessions.js';

export const migrations: readonly MigrationClass[] = [
  ...messagingMigrations,
  ...idempotencyMigrations,
  Users0001,
  Sessions0002,
];
