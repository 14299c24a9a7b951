import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Messaging0001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [outbox, leases, deadLetters, inbox, erasedUsers, userGate])
      await runner.query(statement);
  }
}

// One index serves everything the relay does: read a bucket in order, delete what was acknowledged.
// Rows live for milliseconds, so vacuum goes by a fixed number of dead rows and is not slowed down.
const outbox = `
  create table outbox (
    bucket smallint not null,
    seq bigint generated always as identity,
    id uuid not null,
    topic text not null,
    key text not null,
    type text not null,
    version integer,
    payload text,
    headers jsonb not null,
    created_at timestamptz not null default now(),
    attempts smallint not null default 0,
    next_attempt_at timestamptz,
    constraint outbox_pkey primary key (bucket, seq),
    constraint outbox_bucket_range check (bucket between 0 and 63)
  ) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
          autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0,
          autovacuum_analyze_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
  create index outbox_held on outbox (topic, key) where next_attempt_at is not null`;

const leases = `
  create table outbox_leases (
    bucket smallint not null,
    holder uuid,
    expires_at timestamptz not null default '-infinity',
    constraint outbox_leases_pkey primary key (bucket)
  ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
  insert into outbox_leases (bucket) select generate_series(0, 63);
  create table outbox_relays (
    holder uuid not null,
    expires_at timestamptz not null,
    constraint outbox_relays_pkey primary key (holder)
  ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)`;

const deadLetters = `
  create table outbox_dead_letters (
    id uuid not null,
    bucket smallint not null,
    seq bigint not null,
    topic text not null,
    key text not null,
    type text not null,
    version integer,
    payload text,
    headers jsonb not null,
    created_at timestamptz not null,
    reason text not null,
    dead_at timestamptz not null default now(),
    constraint outbox_dead_letters_pkey primary key (id)
  )`;

// Partitioned by the event's id: a UUIDv7 begins with its time, so the key that dedupes is the key that partitions, and
// one id can never land in two partitions. Partitions are weeks, made ahead of need and dropped by inbox-partitions.ts.
const inbox = `
  create table inbox (
    event_id uuid not null,
    consumer_group text not null,
    received_at timestamptz not null default now(),
    constraint inbox_pkey primary key (event_id, consumer_group)
  ) partition by range (event_id);
  create table inbox_foreign partition of inbox
    for values from (minvalue) to ('016f5e66-e800-0000-0000-000000000000')`;

const erasedUsers = `
  create table erased_users (
    user_id uuid not null,
    erased_at timestamptz not null default now(),
    constraint erased_users_pkey primary key (user_id)
  )`;

// Called at the start of every handler's transaction. The lock makes an erasure wait for handlers of the same user that
// run, and later handlers wait for the erasure: without it a handler that looked before the erasure committed could write
// after it. A volatile function, because its second statement must see what was committed while the first one waited.
const userGate = `
  create function messaging_user_gate(subject uuid, erasing boolean) returns boolean
  language plpgsql volatile as $$
  begin
    if erasing then
      perform pg_advisory_xact_lock(hashtextextended('user:' || subject::text, 0));
    else
      perform pg_advisory_xact_lock_shared(hashtextextended('user:' || subject::text, 0));
    end if;
    return exists (select 1 from erased_users e where e.user_id = subject);
  end $$`;
