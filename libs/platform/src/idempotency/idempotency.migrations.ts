import { type Migration, migrationSeries } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

class IdempotencyKeys0001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table idempotency_keys (
        scope text not null,
        key_hash bytea not null,
        fingerprint bytea not null,
        answer bytea not null,
        expires_at timestamptz not null,
        constraint idempotency_keys_pkey primary key (scope, key_hash)
      );
      create index idempotency_keys_expires_at on idempotency_keys (expires_at);
    `);
  }
}

/** Migrations of whoever uses `Idempotency`; to be listed before the app's own. */
export const idempotencyMigrations = migrationSeries('idempotency', [IdempotencyKeys0001]);
