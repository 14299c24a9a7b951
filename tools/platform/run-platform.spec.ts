import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { isAlive } from '../process/alive.ts';
import { run } from '../process/run.ts';
import { dropDatabases } from './databases.ts';
import { writeStubApps } from './fixtures/stub-apps.ts';
import { uniquePrefix } from './platform.ts';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nest-arch-run-'));
const dataDir = join(folder, 'data');
const prefix = uniquePrefix();

beforeAll(() => void writeStubApps(folder));
afterAll(async () => {
  await dropDatabases(process.env['TEST_POSTGRES_URL'] ?? '', `${prefix}_`);
  rmSync(folder, { recursive: true, force: true });
});

it('says so and changes nothing when it runs already; SIGTERM stops all within ten seconds', async () => {
  const first = start();
  await first.says('is ready');
  const before = readFileSync(join(dataDir, 'run.json'), 'utf8');
  const processes = await childrenOf(first.child);

  const second = start();
  await second.says('already runs here');
  expect(await second.exit).toBe(0);
  expect(readFileSync(join(dataDir, 'run.json'), 'utf8')).toBe(before);

  const stoppedAt = Date.now();
  first.child.kill('SIGTERM');
  expect(await first.exit).toBe(0);
  expect(Date.now() - stoppedAt).toBeLessThan(10_000);
  expect(processes.length).toBeGreaterThanOrEqual(6);
  await until(() => processes.every((pid) => !isAlive(pid)));
});

it('leaves no process behind when it is killed, and can be started again at once', async () => {
  const first = start();
  await first.says('is ready');
  const processes = await childrenOf(first.child);

  first.child.kill('SIGKILL');
  await first.exit;
  await until(() => processes.every((pid) => !isAlive(pid)));

  const second = start();
  await second.says('is ready');
  const others = await childrenOf(second.child);
  // Also when the one who cleans up has been killed before.
  process.kill(await watchdogOf(second.child), 'SIGKILL');
  while ((await watchdogOf(second.child)) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  second.child.kill('SIGKILL');
  await second.exit;
  await until(() => others.every((pid) => !isAlive(pid)));
});

function start() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'run.ts'), dataDir, folder], {
    env: { ...process.env, TEST_PREFIX: prefix, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const says = async (text: string) => {
    await until(() => output.includes(text) || child.exitCode !== null);
    if (!output.includes(text)) throw new Error(`it ended without saying "${text}":\n${output}`);
  };
  return { child, exit, says };
}

/** The processes that belong to a starter: services, an engine and the watchdog. */
async function childrenOf(starter: ChildProcess): Promise<number[]> {
  return (await rowsOf(starter)).map(({ pid }) => pid).filter(isAlive);
}

/** 0 while there is none. */
async function watchdogOf(starter: ChildProcess): Promise<number> {
  const row = (await rowsOf(starter)).find(
    ({ command, pid }) => command.includes('watchdog') && isAlive(pid),
  );
  return row?.pid ?? 0;
}

async function rowsOf(starter: ChildProcess): Promise<{ pid: number; command: string }[]> {
  const text = await run('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent]) => Number(parent) === starter.pid)
    .map(([pid, , ...command]) => ({ pid: Number(pid), command: command.join(' ') }));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
