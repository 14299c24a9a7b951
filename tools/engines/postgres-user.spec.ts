import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { run } from '../process/run.ts';
import { postgresBinaries, unprivileged } from './postgres-user.ts';

const folder = mkdtempSync(join(tmpdir(), 'nest-arch-closed-')); // only its owner may enter
const asRoot = process.getuid?.() === 0 && process.platform === 'linux' ? it : it.skip;
let native: string;

beforeAll(async () => {
  native = join(folder, 'native');
  cpSync(join(dirname((await postgresBinaries()).initdb), '..'), native, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

asRoot('runs Postgres as another user from a folder that this user may not enter', async () => {
  const binaries = { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
  const runner = unprivileged(binaries);
  // initdb looks for `postgres` beside itself, and refuses to run as root.
  const { command, args, ids } = runner.wrap(binaries.initdb, ['--show', '--pgdata', join(folder, 'data')]);

  expect(runner.owner?.uid).not.toBe(0);
  expect(await run(command, args, ids)).toContain('PGDATA=');
});
