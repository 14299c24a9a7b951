import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Users0001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [users, identifiers, passwords, attempts, recipientMails, audit])
      await runner.query(statement);
  }
}

// The password is not here: login and refresh lock this row `for share` and never write it.
const users = `
  create table users (
    user_id uuid not null,
    email text not null,
    email_verified_at timestamptz,
    status text not null default 'active',
    roles text[] not null default '{}',
    locale text,
    region text not null,
    source text not null,
    version integer not null default 1,
    ver integer not null default 0,
    profile_version integer not null default 0,
    initial_profile jsonb,
    created_at timestamptz not null default now(),
    constraint users_pkey primary key (user_id),
    constraint users_status check (status in ('active', 'disabled', 'erasing')),
    constraint users_source check (source in ('self', 'import', 'admin'))
  ) with (fillfactor = 85)`;

// The directory: the only way from an address to its user, distributed by the hash. One row is one claimed address.
const identifiers = `
  create table identifiers (
    identifier_hash bytea not null,
    user_id uuid not null,
    region text not null,
    created_at timestamptz not null default now(),
    constraint identifiers_pkey primary key (identifier_hash)
  )`;

// generation grows with every change of the password, not with a rehash of the same one.
const passwords = `
  create table passwords (
    user_id uuid not null,
    hash text not null,
    generation integer not null default 1,
    changed_at timestamptz not null default now(),
    constraint passwords_pkey primary key (user_id)
  )`;

const attempts = `
  create table registration_attempts (
    user_id uuid not null,
    token_hash bytea not null,
    password_hash text not null,
    display_name text,
    locale text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint registration_attempts_pkey primary key (user_id, token_hash)
  );
  create index registration_attempts_created_at on registration_attempts (created_at)`;

// By address, not by user: unknown addresses cost the same statement.
const recipientMails = `
  create table recipient_mails (
    identifier_hash bytea not null,
    sent_at timestamptz[] not null,
    last_sent_at timestamptz not null,
    constraint recipient_mails_pkey primary key (identifier_hash)
  );
  create index recipient_mails_last_sent_at on recipient_mails (last_sent_at)`;

const audit = `
  create table audit_log (
    user_id uuid not null,
    audit_id uuid not null,
    action text not null,
    actor text not null,
    at timestamptz not null default now(),
    trace_id text not null,
    details jsonb not null default '{}',
    constraint audit_log_pkey primary key (user_id, audit_id)
  )`;
