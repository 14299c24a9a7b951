// One platform at a time per data folder. The lock is a file that names a loopback port; who holds it answers there.
// So a lock left behind by a SIGKILL is told from a living one, also when another process has taken the old pid.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { join } from 'node:path';

/** @typedef {{ pid: number, port: number, token: string }} Holder */
/** @typedef {{ release: () => void }} Lock */

/** @param {string} dataDir */
const fileIn = (dataDir) => join(dataDir, 'lock.json');

/**
 * Who runs on this data folder; null when nobody does.
 * @param {string} dataDir
 * @returns {Promise<Holder | null>}
 */
export async function holderOf(dataDir) {
  /** @type {Holder} */
  let holder;
  try {
    holder = JSON.parse(readFileSync(fileIn(dataDir), 'utf8'));
  } catch {
    return null;
  }
  return (await ask(holder.port)) === holder.token ? holder : null;
}

/**
 * Takes the lock. Answers the holder when somebody has it already.
 * @param {string} dataDir
 * @returns {Promise<{ lock: Lock } | { holder: Holder }>}
 */
export async function acquire(dataDir) {
  const token = randomUUID();
  const server = createServer((_, response) => response.end(token));
  const port = await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
    );
  });
  server.unref();
  mkdirSync(dataDir, { recursive: true });
  for (;;) {
    try {
      writeFileSync(fileIn(dataDir), JSON.stringify({ pid: process.pid, port, token }), { flag: 'wx' });
      return { lock: { release: () => release(dataDir, token, server) } };
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(dataDir);
    if (holder) {
      server.close();
      return { holder };
    }
    setAside(dataDir);
  }
}

// Renaming is atomic: of two that find the same dead lock, one moves it and the other finds nothing.
function setAside(/** @type {string} */ dataDir) {
  const aside = `${fileIn(dataDir)}.${process.pid}`;
  try {
    renameSync(fileIn(dataDir), aside);
    rmSync(aside, { force: true });
  } catch {
    // The other one was faster.
  }
}

/**
 * @param {string} dataDir
 * @param {string} token
 * @param {import('node:http').Server} server
 */
function release(dataDir, token, server) {
  server.close();
  server.closeAllConnections();
  try {
    if (JSON.parse(readFileSync(fileIn(dataDir), 'utf8')).token === token)
      rmSync(fileIn(dataDir), { force: true });
  } catch {
    // Not there any more.
  }
}

/**
 * @param {number} port
 * @returns {Promise<string | null>}
 */
function ask(port) {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, timeout: 2_000, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
}
