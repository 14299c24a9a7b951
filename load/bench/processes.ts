import { readFileSync } from 'node:fs';
import type { Platform } from '../../tools/platform/platform.ts';
import type { Row } from './report.ts';

const ticksPerSecond = 100; // USER_HZ of Linux

/** CPU seconds of a process so far, user and system (Linux). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Proportional set size in MiB: shared pages count in parts. */
function pssMib(pid: number): number {
  const kib = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

export function idleMemory(platform: Platform): Row[] {
  const rows = platform.services.map(({ label, pid }) => ({
    what: `Memory idle, ${label} (PSS)`,
    value: pid === undefined ? Number.NaN : pssMib(pid),
    unit: 'MiB',
    goal: '< 130',
  }));
  const all = rows.reduce((sum, row) => sum + row.value, 0);
  return [...rows, { what: 'Memory idle, all of ours (PSS)', value: all, unit: 'MiB', goal: '< 600' }];
}
