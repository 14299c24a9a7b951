import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { OwnedProcess } from '../process/owned-process.ts';
import { freePort } from '../process/ports.ts';
import { installed } from '../process/which.ts';
import { type Engine, untilReady } from './engine.ts';
import { redisBinaries } from './maven.ts';

export interface RedisOptions {
  dataDir: string;
  logFile: string;
  port?: number;
}

export interface RedisEngine extends Engine {
  url: string;
  /** Which program runs, for the table of addresses. */
  binary: string;
}

/** Starts a Redis without persistence: it holds copies and counters, nothing that must survive. */
export async function startRedis(options: RedisOptions): Promise<RedisEngine> {
  const binary = installed('redis-server') ?? installed('valkey-server') ?? (await fromMaven());
  const port = await freePort(options.port);
  mkdirSync(options.dataDir, { recursive: true });
  const server = new OwnedProcess({
    name: 'redis',
    command: binary,
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', options.dataDir],
      ...['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--maxmemory', '256mb'],
      ...['--maxmemory-policy', 'allkeys-lru'],
    ],
    logFile: options.logFile,
    order: 30,
  });
  await untilReady(server, () => ping(port), 15_000);
  return { url: `redis://127.0.0.1:${port}`, port, binary, process: server, stop: () => server.stop() };
}

async function fromMaven(): Promise<string> {
  const folder = await redisBinaries();
  const system = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string];
  const machine = { x64: 'amd64', arm64: 'arm64', ia32: '386' }[process.arch as string];
  const name = readdirSync(folder).find((file) => file.includes(`${system}-${machine}`));
  if (!name) {
    throw new Error(
      'there is no Redis binary for this machine; install redis-server or valkey-server, or set REDIS_URL',
    );
  }
  chmodSync(join(folder, name), 0o755);
  return join(folder, name);
}

function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2_000 }, () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      if (data.toString().startsWith('+PONG')) resolve();
      else reject(new Error('no answer to PING'));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('no answer to PING')));
  });
}
