import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Check, Column, Entity, Index, Unique } from 'typeorm';
import { catalogueOf } from './catalogue.js';
import { IdColumn, TextColumn, TimeColumn } from './columns.js';
import type { Db } from './db.js';
import { assertNoDrift } from './drift.js';
import { execute } from './sql.js';
import { openTestDatabase } from './test-database.js';

@Entity('people')
@Unique(['emailAddress'])
@Index(['createdAt'])
@Index('people_display_name_trgm', { synchronize: false })
@Check('people_age_positive', 'age > 0')
class Person {
  @IdColumn() userId!: string;
  @TextColumn() emailAddress!: string;
  @TextColumn({ nullable: true }) displayName!: string | null;
  @Column('int') age!: number;
  @Column('jsonb', { default: {} }) settings!: object;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
}

const tables = `
  create table people (
    user_id uuid primary key,
    email_address text not null unique,
    display_name text,
    age int not null constraint people_age_positive check (age > 0),
    settings jsonb not null default '{}',
    created_at timestamptz not null default now()
  );
  create index on people (created_at);
  create index people_display_name_trgm on people (lower(display_name)) where display_name is not null;
  create table inbox (
    group_id text not null, event_id uuid not null, seen_at timestamptz not null default now(),
    seq bigint generated always as identity,
    constraint inbox_pkey primary key (group_id, event_id, seen_at)
  ) partition by range (seen_at);
  create table inbox_2026 partition of inbox for values from ('2026-01-01') to ('2027-01-01');
  create index inbox_seen on inbox (seen_at)`;

let db: Db;
let drop: () => Promise<void>;
let folder: string;
let catalogue: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  catalogue = join(folder, 'catalogue.txt');
  ({ db, drop } = await openTestDatabase({ entities: [Person] }));
});

beforeEach(async () => {
  await execute(db, 'drop table if exists people, inbox, surprise');
  for (const statement of tables.split(';')) await execute(db, statement);
  rmSync(catalogue, { force: true });
  process.env['UPDATE_CATALOGUE'] = '1';
  await assertNoDrift(db, { catalogue });
  delete process.env['UPDATE_CATALOGUE'];
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await drop();
});

describe('drift of a table with an entity', () => {
  it('is none where migration and entity agree, in the names that Postgres gives by itself', async () => {
    await expect(assertNoDrift(db, { catalogue })).resolves.toBeUndefined();
  });

  it.each([
    ['a column too many', 'alter table people add column extra text', 'DROP COLUMN "extra"'],
    ['a column that is missing', 'alter table people drop column display_name', 'ADD "display_name"'],
    ['another type', 'alter table people alter age type bigint', '"age"'],
    ['another nullability', 'alter table people alter age drop not null', '"age" SET NOT NULL'],
    ['another default', `alter table people alter settings drop default`, '"settings" SET DEFAULT'],
    [
      'a check that is missing',
      'alter table people drop constraint people_age_positive',
      'people_age_positive',
    ],
    ['a check too many', 'alter table people add constraint young check (age < 9)', 'young'],
    [
      'a unique constraint that is missing',
      'alter table people drop constraint people_email_address_key',
      'UNIQUE',
    ],
    ['an index that is missing', 'drop index people_created_at_idx', 'CREATE INDEX'],
    ['an index too many', 'create index people_age on people (age)', 'DROP INDEX'],
  ])('shows %s', async (_case, change, complaint) => {
    await execute(db, change);
    await expect(assertNoDrift(db, { catalogue })).rejects.toThrow(complaint);
  });
});

describe('drift of a table without an entity', () => {
  it('is seen in the committed catalogue', async () => {
    await execute(db, 'alter table inbox alter seen_at drop default');
    await expect(assertNoDrift(db, { catalogue })).rejects.toThrow(
      '+   column seen_at timestamp with time zone not null',
    );
  });

  it('is also a table that nobody declared, unless it is ignored', async () => {
    await execute(db, 'create table surprise (id int)');
    await expect(assertNoDrift(db, { catalogue })).rejects.toThrow('+ surprise');
    await expect(assertNoDrift(db, { catalogue, ignoreTables: ['surprise'] })).resolves.toBeUndefined();
  });

  it('needs a catalogue', async () => {
    await expect(assertNoDrift(db)).rejects.toThrow('need a committed catalogue: inbox');
  });
});

it('the catalogue says what a reader of the migration would say', async () => {
  expect(readFileSync(catalogue, 'utf8')).toBe(await catalogueOf(db, ['inbox']));
  expect(await catalogueOf(db, ['inbox'])).toBe(`inbox
  partition by RANGE (seen_at)
  column group_id text not null
  column event_id uuid not null
  column seen_at timestamp with time zone not null default now()
  column seq bigint not null identity always
  constraint inbox_pkey PRIMARY KEY (group_id, event_id, seen_at)
  CREATE INDEX inbox_seen ON inbox USING btree (seen_at)
`);
});
