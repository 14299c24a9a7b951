import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { databaseOwners, type DatabaseOwner } from './services.ts';

export type DatabaseUrls = Record<DatabaseOwner, string>;

export interface DatabaseOptions {
  /** Superuser. */
  serverUrl: string;
  passwords: Record<DatabaseOwner, string>;
  /** Before the names of databases and roles, where several platforms share a server. */
  prefix?: string;
}

/**
 * Makes a login role and a database of the same name for each service, once, and answers their addresses. No role can
 * connect to anything but its own database.
 */
export async function createDatabases({
  serverUrl,
  passwords,
  prefix = '',
}: DatabaseOptions): Promise<DatabaseUrls> {
  const server = new Client({ connectionString: serverUrl });
  await server.connect();
  try {
    await closeToOthers(server);
    await createRoles(server, passwords, prefix);
  } finally {
    await server.end();
  }
  await Promise.all(databaseOwners.map((name) => createDatabase(serverUrl, prefix + name)));
  return Object.fromEntries(
    databaseOwners.map((name) => [name, urlOf(serverUrl, prefix + name, passwords[name])]),
  ) as DatabaseUrls;
}

/** Removes what `createDatabases` made. */
export async function dropDatabases(serverUrl: string, prefix: string): Promise<void> {
  const server = new Client({ connectionString: serverUrl });
  await server.connect();
  try {
    for (const name of databaseOwners) {
      await server.query(`drop database if exists ${escapeIdentifier(prefix + name)} with (force)`);
      await server.query(`drop role if exists ${escapeIdentifier(prefix + name)}`);
    }
  } finally {
    await server.end();
  }
}

// Out of the box every role may connect to every database.
async function closeToOthers(server: Client): Promise<void> {
  const { rows } = await server.query<{ name: string }>(`
    select d.datname as name
      from pg_database d
     where d.datname in ('postgres', 'template1')
       and has_database_privilege('public', d.oid, 'connect')`);
  for (const { name } of rows)
    await server.query(`revoke connect on database ${escapeIdentifier(name)} from public`);
}

async function createRoles(
  server: Client,
  passwords: DatabaseOptions['passwords'],
  prefix: string,
): Promise<void> {
  for (const name of databaseOwners) {
    const role = escapeIdentifier(prefix + name);
    const { rowCount } = await server.query('select 1 from pg_roles where rolname = $1', [prefix + name]);
    await server.query(
      `${rowCount ? 'alter' : 'create'} role ${role} login password ${escapeLiteral(passwords[name])}`,
    );
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<void> {
  const server = new Client({ connectionString: serverUrl });
  await server.connect();
  try {
    const { rowCount } = await server.query('select 1 from pg_database where datname = $1', [name]);
    if (!rowCount)
      await server.query(`create database ${escapeIdentifier(name)} owner ${escapeIdentifier(name)}`);
    await server.query(`revoke connect, temporary on database ${escapeIdentifier(name)} from public`);
  } finally {
    await server.end();
  }
}

function urlOf(serverUrl: string, name: string, password: string): string {
  const url = new URL(serverUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.href;
}
