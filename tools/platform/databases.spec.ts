import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createDatabases, type DatabaseUrls, dropDatabases } from './databases.ts';
import { uniquePrefix } from './platform.ts';

const prefix = `${uniquePrefix()}_`;
const serverUrl = process.env['TEST_POSTGRES_URL'] ?? '';
const passwords = { auth: "it's", profile: 'p', notification: 'n', analytics: 'a' };
let urls: DatabaseUrls;

beforeAll(async () => {
  urls = await createDatabases({ serverUrl, passwords, prefix });
});
afterAll(() => dropDatabases(serverUrl, prefix));

it('lets each role into its own database', async () => {
  for (const url of Object.values(urls)) expect(await connectTo(url)).toBe('connected');
});

it('lets no role into the database of another service, nor into those of the server', async () => {
  const others = [`${prefix}profile`, `${prefix}notification`, `${prefix}analytics`, 'postgres', 'template1'];
  for (const other of others) {
    const url = new URL(urls.auth);
    url.pathname = `/${other}`;
    expect(await connectTo(url.href)).toMatch(/permission denied for database/);
  }
});

it('may be run again, and sets a changed password', async () => {
  const again = await createDatabases({ serverUrl, passwords: { ...passwords, auth: 'changed' }, prefix });

  expect(await connectTo(again.auth)).toBe('connected');
  expect(await connectTo(urls.auth)).toMatch(/password authentication failed/);
});

it('lets a service bring the extensions it needs', async () => {
  const client = new Client({ connectionString: urls.profile });
  await client.connect();
  await client.query('create extension pg_trgm');
  const { rows } = await client.query<{ count: number }>(`select cardinality(show_trgm('Иванов')) as count`);
  await client.end();

  expect(rows[0]?.count).toBeGreaterThan(0);
});

async function connectTo(connectionString: string): Promise<string> {
  const client = new Client({ connectionString });
  try {
    await client.connect();
    return 'connected';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.end().catch(() => undefined);
  }
}
