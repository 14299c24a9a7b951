import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Notification0001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [contacts, messages, deliveries, inbox]) await runner.query(statement);
  }
}

// What two other services last said of a person; each half has the version of its owner.
const contacts = `
  create table contacts (
    user_id uuid not null,
    email text,
    email_verified boolean not null default false,
    status text,
    auth_locale text,
    initial_name text,
    auth_version integer not null default 0,
    display_name text,
    profile_locale text,
    profile_version integer not null default 0,
    updated_at timestamptz not null default now(),
    constraint contacts_pkey primary key (user_id)
  )`;

const messages = `
  create table messages (
    user_id uuid not null,
    message_id uuid not null,
    type text not null,
    cause_id text not null,
    locale text,
    created_at timestamptz not null default now(),
    constraint messages_pkey primary key (user_id, message_id),
    constraint messages_cause unique (user_id, cause_id, type)
  )`;

// next_attempt_at is also the end of the lease while a delivery is being sent, and the end of patience while its contact
// is unknown: one index finds whatever is due.
const deliveries = `
  create table deliveries (
    user_id uuid not null,
    delivery_id uuid not null,
    message_id uuid not null,
    channel text not null,
    state text not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    lease_id uuid,
    message_id_header text not null,
    sealed text,
    contact_version integer not null default 0,
    caused_at timestamptz not null,
    expires_at timestamptz not null,
    traceparent text,
    last_error text,
    sent_at timestamptz,
    created_at timestamptz not null default now(),
    constraint deliveries_pkey primary key (user_id, delivery_id),
    constraint deliveries_channel check (channel in ('email')),
    constraint deliveries_state check (state in ('pending', 'awaiting_contact', 'sending', 'sent', 'failed'))
  );
  create index deliveries_due on deliveries (next_attempt_at, user_id, delivery_id)
    where state in ('pending', 'awaiting_contact', 'sending')`;

const inbox = `
  create table inbox_counters (
    user_id uuid not null,
    last_sequence integer not null default 0,
    unread integer not null default 0,
    constraint inbox_counters_pkey primary key (user_id),
    constraint inbox_counters_unread check (unread >= 0)
  ) with (fillfactor = 80);
  create table inbox_items (
    user_id uuid not null,
    sequence integer not null,
    item_id uuid not null,
    type text not null,
    payload jsonb not null,
    created_at timestamptz not null default now(),
    read_at timestamptz,
    read_sequence integer,
    constraint inbox_items_pkey primary key (user_id, sequence),
    constraint inbox_items_item unique (user_id, item_id)
  ) with (fillfactor = 90);
  create index inbox_items_unread on inbox_items (user_id, sequence) where read_at is null;
  create index inbox_items_read on inbox_items (user_id, read_sequence) where read_sequence is not null;
  create table inbox_read_alls (
    user_id uuid not null,
    sequence integer not null,
    up_to integer not null,
    read_at timestamptz not null default now(),
    constraint inbox_read_alls_pkey primary key (user_id, sequence)
  )`;
