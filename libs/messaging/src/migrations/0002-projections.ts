import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Messaging0002 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [chores, projections, offsetSkips, userGate, batchGate, projectionGate])
      await runner.query(statement);
  }
}

// Work that one replica at a time does now and then. `due_at` moves when a replica takes a chore and again when it is done.
const chores = `
  create table chores (
    name text not null,
    due_at timestamptz not null default '-infinity',
    done_at timestamptz,
    constraint chores_pkey primary key (name)
  )`;

// Which generation of a projection's tables is read, and written by the live group; which one is being built, and until
// when its builder is believed to be alive. Generations are numbered once and for all: a group named after one is new.
const projections = `
  create table projections (
    name text not null,
    generation integer not null,
    last_generation integer not null,
    rebuild_generation integer,
    rebuild_expires_at timestamptz,
    switched_at timestamptz not null default now(),
    constraint projections_pkey primary key (name),
    constraint projections_rebuild check ((rebuild_generation is null) = (rebuild_expires_at is null))
  )`;

const offsetSkips = `
  create table offset_skips (
    id uuid not null,
    consumer_group text not null,
    topic text not null,
    partition integer not null,
    from_offset bigint not null,
    to_offset bigint not null,
    skipped_at timestamptz not null default now(),
    constraint offset_skips_pkey primary key (id)
  )`;

// A batch holds one shared lock instead of one for each of its users; an erasure waits for running batches as well.
const userGate = `
  create or replace function messaging_user_gate(subject uuid, erasing boolean) returns boolean
  language plpgsql volatile as $$
  begin
    if erasing then
      perform pg_advisory_xact_lock(hashtextextended('user:' || subject::text, 0));
      perform pg_advisory_xact_lock(hashtextextended('messaging:batches', 0));
    else
      perform pg_advisory_xact_lock_shared(hashtextextended('user:' || subject::text, 0));
    end if;
    return exists (select 1 from erased_users e where e.user_id = subject);
  end $$`;

// Answers who of these is on the erasure list. Two statements in a volatile function: the second one sees what was committed
// while the first one waited.
const batchGate = `
  create function messaging_batch_gate(subjects uuid[]) returns setof uuid
  language plpgsql volatile as $$
  begin
    perform pg_advisory_xact_lock_shared(hashtextextended('messaging:batches', 0));
    return query select e.user_id from erased_users e where e.user_id = any (subjects);
  end $$`;

// First in every transaction that writes a generation: finds its tables before all others, and answers whether it is live,
// being built, or over. A switch takes the same lock exclusively and so waits for the batches of both generations. Volatile,
// for the answer must be as of after the wait. A generation that is over has no tables: its statements would reach the view.
const projectionGate = `
  create function messaging_projection_gate(projection text, mine integer) returns text
  language plpgsql volatile as $$
  begin
    perform pg_advisory_xact_lock_shared(hashtextextended('projection:' || projection || ':' || mine, 0));
    perform set_config('search_path', quote_ident(projection || '_' || mine) || ', public', true);
    return (select case mine when p.generation then 'live' when p.rebuild_generation then 'building' else 'over' end
              from public.projections p where p.name = projection);
  end $$`;
