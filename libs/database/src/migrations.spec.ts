import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { openDatabase } from './connect.js';
import { migrationSeries, type MigrationClass } from './migration-list.js';
import { runMigrations } from './migrations.js';
import { execute, many, one } from './sql.js';
import { createDatabase, dropDatabase, openTestDatabase } from './test-database.js';

class Users0001 {
  up = (runner: QueryRunner) => runner.query('create table users (user_id uuid primary key)');
}
class UserNames0002 {
  up = (runner: QueryRunner) => runner.query('alter table users add column name text');
}
class UserNamesIndex0003 {
  transaction = false;
  up = (runner: QueryRunner) => runner.query('create index concurrently users_name on users (name)');
}

let url: string;
beforeEach(async () => void (url = await createDatabase()));
afterEach(() => dropDatabase(url));

const migrate = (...migrations: MigrationClass[]) => runMigrations({ url, migrations });

async function inDatabase<T>(sql: string): Promise<T[]> {
  const db = await openDatabase({ url });
  return many<T>(db, sql).finally(() => db.close());
}

describe('migrations', () => {
  it('run once each, in the order of their numbers, also outside a transaction', async () => {
    expect(await migrate(UserNames0002, Users0001)).toEqual(['Users0001', 'UserNames0002']);
    expect(await migrate(Users0001, UserNames0002, UserNamesIndex0003)).toEqual(['UserNamesIndex0003']);
    expect(await migrate(Users0001, UserNames0002, UserNamesIndex0003)).toEqual([]);
  });

  it('leave nothing of one that fails, keep those before it and go on there after the repair', async () => {
    class UserNames0002Broken {
      name = 'UserNames0002';
      up = async (runner: QueryRunner) => {
        await runner.query('alter table users add column name text');
        await runner.query('select 1 / 0');
      };
    }

    await expect(migrate(Users0001, UserNames0002Broken)).rejects.toThrow(
      'UserNames0002 failed: division by zero',
    );

    expect(await migrate(Users0001, UserNames0002)).toEqual(['UserNames0002']);
  });

  it('are not recorded when they swallow an error, for Postgres would roll the transaction back', async () => {
    class Careless0001 {
      up = (runner: QueryRunner) => runner.query('select 1 / 0').catch(() => undefined);
    }

    await expect(migrate(Careless0001)).rejects.toThrow('Careless0001 failed');

    expect(await inDatabase('select name from migrations')).toEqual([]);
  });

  it('run in one job when several start at once', async () => {
    const jobs = await Promise.all([1, 2, 3].map(() => migrate(Users0001, UserNames0002)));

    expect(jobs.flat().sort()).toEqual(['UserNames0002', 'Users0001']);
  });

  it('of a library have numbers of their own beside those of the app', async () => {
    class Outbox0001 {
      up = (runner: QueryRunner) => runner.query('create table outbox (seq bigint)');
    }
    class Inbox0002 {
      up = (runner: QueryRunner) => runner.query('create table inbox (id uuid)');
    }
    await migrate(...migrationSeries('messaging', [Outbox0001]), Users0001, UserNames0002);

    expect(
      await migrate(...migrationSeries('messaging', [Outbox0001, Inbox0002]), Users0001, UserNames0002),
    ).toEqual(['Inbox0002']);
  });
});

describe('a list of migrations', () => {
  it('with a new number below an applied one is refused', async () => {
    class Roles0003 extends Users0001 {
      override up = (runner: QueryRunner) => runner.query('create table roles (role text)');
    }
    await migrate(Users0001, Roles0003);

    await expect(migrate(Users0001, UserNames0002, Roles0003)).rejects.toThrow(
      'UserNames0002 (app) is new, but number 3 is already applied',
    );
  });

  it('with an applied number under another name is refused', async () => {
    class People0001 extends Users0001 {}
    await migrate(Users0001);

    await expect(migrate(People0001)).rejects.toThrow(
      'was applied as Users0001 and is called People0001 now',
    );
  });

  it('with a number twice or a name without one is refused', async () => {
    class Twin0001 extends Users0001 {}
    class Nameless extends Users0001 {}

    await expect(migrate(Users0001, Twin0001)).rejects.toThrow(
      'Users0001 and Twin0001 (app) have the same number',
    );
    await expect(migrate(Nameless)).rejects.toThrow('Nameless does not end in its number');
  });
});

describe('readiness', () => {
  it('waits for the migrations of this release and ignores those of the next', async () => {
    const { db, url: own, drop } = await openTestDatabase({ migrations: [Users0001] });
    expect(await db.migrationsPending()).toBe(true);
    await expect(db.assertReady()).rejects.toThrow('Migrations are pending');

    await runMigrations({ url: own, migrations: [Users0001, UserNames0002] });

    expect(await db.migrationsPending()).toBe(false);
    await expect(db.assertReady()).resolves.toBeUndefined();
    await drop();
  });

  it('does not depend on a lock that somebody holds on a table of the app', async () => {
    await migrate(Users0001);
    const db = await openDatabase({ url });
    await db.transaction(async (tx) => {
      await execute(tx, 'lock table users');
      const attempt = runMigrations({ url, migrations: [Users0001, UserNames0002], lockTimeoutMs: 50 });
      await expect(attempt).rejects.toThrow('canceling statement due to lock timeout');
    });
    expect(await one(db, 'select count(*)::int as applied from migrations')).toEqual({ applied: 1 });
    await db.close();
  });
});
