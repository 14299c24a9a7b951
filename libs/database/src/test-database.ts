import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Client } from 'pg';
import { openDatabase } from './connect.js';
import type { Db } from './db.js';
import type { DatabaseOptions } from './options.js';

// Not libs/testing's testDatabase: that library stands above this one.

export function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('TEST_POSTGRES_URL must be the address of a Postgres superuser');
  return url;
}

/** A new, empty database; `clause` goes to `create database`. Answers its url. */
export async function createDatabase(clause = ''): Promise<string> {
  const name = `database_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await onServer(`create database ${name} ${clause}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(url: string): Promise<void> {
  await onServer(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

/** A `Db` on a database of its own. */
export async function openTestDatabase(
  options: Partial<DatabaseOptions> = {},
): Promise<{ db: Db; url: string; drop: () => Promise<void> }> {
  const url = await createDatabase();
  const db = await openDatabase({ poolSize: 5, ...options, url });
  const drop = async () => {
    await db.close();
    await dropDatabase(url);
  };
  return { db, url, drop };
}

export async function onServer(sql: string, url = serverUrl()): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Asks until the answer is true; fails after five seconds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('Waited five seconds in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A TCP way to the server that can fall silent: connections stay open and nothing passes. */
export async function openProxy(target: string, port = 0) {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(targetPort), hostname);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => void (near.destroy(), far.destroy(), sockets.delete(socket)));
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    /** Freezes what is connected now; new connections work. */
    silence: () => sockets.forEach((socket) => socket.unpipe().pause()),
    /** Resets what is connected now, as a host does that has restarted. */
    reset: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
