import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { acquire, holderOf } from './lock.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nest-arch-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is taken by exactly one of many', async () => {
  const answers = await Promise.all(Array.from({ length: 16 }, () => acquire(folder)));
  const winners = answers.flatMap((answer) => ('lock' in answer ? [answer.lock] : []));

  expect(winners).toHaveLength(1);
  expect(await holderOf(folder)).toMatchObject({ pid: process.pid });
  winners[0]?.release();
  expect(await holderOf(folder)).toBeNull();
});

it('is taken over from a process that died, also when another has its port or pid', async () => {
  writeFileSync(join(folder, 'lock.json'), JSON.stringify({ pid: process.pid, port: 1, token: 'dead' }));

  const answer = await acquire(folder);

  expect('lock' in answer).toBe(true);
  if ('lock' in answer) answer.lock.release();
  expect(readdirSync(folder)).toEqual([]);
});
