import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Activity0001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(dailyActive);
    await runner.query(dailyCounts);
  }
}

// Who was there on which day: user data, reached and sharded by user_id.
const dailyActive = `
  create table daily_active (
    user_id uuid not null,
    day date not null,
    constraint daily_active_pkey primary key (user_id, day)
  )`;

// Sums over people, and so an exception to the rule that tables are sharded by user_id: nobody can be told from them, they
// outlive an erasure, and stay in one place. A day has one row per Kafka partition, its lane, or every handler of today's
// events would wait for the same row.
const dailyCounts = `
  create table daily_counts (
    day date not null,
    lane smallint not null,
    sign_ups integer not null default 0,
    verified integer not null default 0,
    active integer not null default 0,
    constraint daily_counts_pkey primary key (day, lane)
  ) with (fillfactor = 50)`;
