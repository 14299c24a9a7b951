import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Profiles0001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(profiles);
  }
}

// version is ours and counts announcements; auth_version is that of the account record the row is based on.
// Space is left in every page: an update that moves no index stays on its page.
const profiles = `
  create table profiles (
    user_id uuid not null,
    display_name text,
    given_name text,
    family_name text,
    bio text,
    locale text,
    time_zone text,
    visibility jsonb not null,
    edited_fields text[] not null default '{}',
    version integer not null,
    auth_version integer not null,
    initialised_at timestamptz,
    region text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint profiles_pkey primary key (user_id),
    constraint profiles_version check (version > 0)
  ) with (fillfactor = 90)`;
