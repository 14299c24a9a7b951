import { execute, many, maybeOne, one, type Db, type Queryable, type Tx } from '@nest-arch/database';

/** Whether a generation is read at present, is being built, or neither. */
export type Standing = 'live' | 'building' | 'over';

/**
 * Begins a transaction that writes a generation: from here on unqualified names find its tables first. Null: the database
 * does not know the projection.
 */
export async function enterGeneration(tx: Tx, name: string, generation: number): Promise<Standing | null> {
  const { standing } = await one<{ standing: Standing | null }>(
    tx,
    `select messaging_projection_gate($1, $2) as standing`,
    [name, generation],
  );
  return standing;
}

export interface Pointer {
  generation: number;
  rebuildGeneration: number | null;
  /** The builder of that generation has not been heard of. */
  abandoned: boolean;
}

const pointer = `generation, rebuild_generation as "rebuildGeneration",
  coalesce(rebuild_expires_at < now(), false) as abandoned`;

export function findPointer(db: Queryable, name: string): Promise<Pointer | null> {
  return maybeOne<Pointer>(db, `select ${pointer} from projections where name = $1`, [name]);
}

export function lockPointer(tx: Tx, name: string): Promise<Pointer | null> {
  return maybeOne<Pointer>(tx, `select ${pointer} from projections where name = $1 for update`, [name]);
}

/** Waits for the batches of a generation, and lets none begin until this transaction ends. */
export async function lockGeneration(tx: Tx, name: string, generation: number): Promise<void> {
  await one(tx, `select pg_advisory_xact_lock(hashtextextended('projection:' || $1 || ':' || $2, 0))`, [
    name,
    String(generation),
  ]);
}

export interface Begun {
  generation: number;
  /** By the database's clock. */
  startedAt: Date;
}

/** Reserves the next generation for a builder that renews its claim. */
export function claimGeneration(tx: Tx, name: string, leaseMs: number): Promise<Begun> {
  return one<Begun>(
    tx,
    `update projections
        set last_generation = last_generation + 1, rebuild_generation = last_generation + 1,
            rebuild_expires_at = now() + $2 * interval '1 millisecond'
      where name = $1 returning rebuild_generation as generation, now() as "startedAt"`,
    [name, leaseMs],
  );
}

/** 0: the generation is not this builder's any more. */
export function renewClaim(db: Db, name: string, generation: number, leaseMs: number): Promise<number> {
  return execute(
    db,
    `update projections set rebuild_expires_at = now() + $3 * interval '1 millisecond'
      where name = $1 and rebuild_generation = $2`,
    [name, generation, leaseMs],
  );
}

export function forgetRebuild(tx: Tx, name: string): Promise<number> {
  return execute(
    tx,
    `update projections set rebuild_generation = null, rebuild_expires_at = null where name = $1`,
    [name],
  );
}

export function movePointer(tx: Tx, name: string, generation: number): Promise<number> {
  return execute(
    tx,
    `update projections
        set generation = $2, rebuild_generation = null, rebuild_expires_at = null, switched_at = now()
      where name = $1`,
    [name, generation],
  );
}

export function schemaOf(name: string, generation: number): string {
  return `${name}_${Math.trunc(generation)}`;
}

export async function createGeneration(tx: Tx, schema: string, statements: readonly string[]): Promise<void> {
  await execute(tx, `create schema ${schema}`);
  await useSchema(tx, schema);
  for (const statement of statements) await execute(tx, statement);
}

export async function dropGeneration(tx: Tx, schema: string): Promise<void> {
  await execute(tx, `drop schema if exists ${schema} cascade`);
}

/** Lets the view show this generation's table. A view whose columns have changed is made anew. */
export async function showTable(tx: Tx, schema: string, table: string): Promise<void> {
  const view = `view public.${table} as select * from ${schema}.${table}`;
  await execute(
    tx,
    `do $$ begin
       create or replace ${view};
     exception when invalid_table_definition then
       drop view public.${table};
       create ${view};
     end $$`,
  );
}

export interface Fingerprint {
  count: number;
  /** The same rows in whatever order answer the same. */
  checksum: string;
}

export async function fingerprintOf(tx: Tx, schema: string, compare: string): Promise<Fingerprint> {
  await useSchema(tx, schema);
  return one<Fingerprint>(
    tx,
    `select count(*)::int as count, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as checksum
       from (${compare}) t`,
  );
}

/** A page of the people who were put on the erasure list since then. */
export async function listErasedSince(tx: Tx, since: Date, after: string | null): Promise<string[]> {
  const rows = await many<{ id: string }>(
    tx,
    `select user_id as id from public.erased_users
      where erased_at >= $1 and ($2::uuid is null or user_id > $2) order by user_id limit 1000`,
    [since, after],
  );
  return rows.map(({ id }) => id);
}

export async function setLockTimeout(tx: Tx, milliseconds: number): Promise<void> {
  await execute(tx, `set local lock_timeout = ${Math.trunc(milliseconds)}`);
}

/** Lets unqualified names mean this generation's tables first. */
export async function useSchema(tx: Tx, schema: string): Promise<void> {
  await execute(tx, `set local search_path to ${schema}, public`);
}
