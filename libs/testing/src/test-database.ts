import { randomBytes } from 'node:crypto';
import { type DatabaseOptions, type Db, openDatabase, runMigrations } from '@nest-arch/database';
import { Client } from 'pg';
import { engines } from './engines.js';

export interface TestDatabase {
  db: Db;
  url: string;
  /** Closes `db` and drops the database with whatever is still connected. */
  drop(): Promise<void>;
}

/** A fresh, migrated database for one spec file. */
export async function testDatabase(options: Partial<DatabaseOptions> = {}): Promise<TestDatabase> {
  const url = await emptyDatabase();
  const { migrations = [], ...rest } = options;
  if (migrations.length > 0) await runMigrations({ url, migrations });
  const db = await openDatabase({ poolSize: 5, ...rest, migrations, url });
  return {
    db,
    url,
    drop: async () => {
      await db.close();
      await dropDatabase(url);
    },
  };
}

/** A new database without a table; answers its url. */
export async function emptyDatabase(): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(engines.postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(url: string): Promise<void> {
  await onServer(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: engines.postgresUrl });
  await client.connect();
  try {
    // eslint-disable-next-line no-restricted-syntax -- databases are made by the superuser, whom no Db stands for
    await client.query(statement);
  } finally {
    await client.end();
  }
}
