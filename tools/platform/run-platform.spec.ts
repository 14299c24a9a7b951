import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { isAlive } from '../process/alive.ts';
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
  second.child.kill('SIGINT');
  expect(await second.exit).toBe(0);
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
async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const ps = spawn('ps', ['-A', '-o', 'pid=,ppid='], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  for await (const chunk of ps.stdout) text += String(chunk);
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return rows
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0)
    .filter(isAlive);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
