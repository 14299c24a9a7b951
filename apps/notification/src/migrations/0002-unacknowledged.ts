import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Unacknowledged0002 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    // A constant default rewrites no row.
    await runner.query(`alter table deliveries add column unacknowledged integer not null default 0`);
  }
}
