import { readdirSync, readFileSync } from 'node:fs';
import type { Platform } from '../../tools/platform/platform.ts';
import type { Row } from './report.ts';

const ticksPerSecond = 100; // USER_HZ of Linux

/** CPU seconds of a process so far, user and system (Linux). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The same of a process and all that it has started, those that have ended included. */
export function cpuSecondsOfTree(root: number): number {
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []));
  const inTree = new Set([root]);
  // A child may come before its parent in the list.
  for (let before = 0; before !== inTree.size;) {
    before = inTree.size;
    for (const { pid, parent } of processes) if (inTree.has(parent)) inTree.add(pid);
  }
  const ticks = processes.filter(({ pid }) => inTree.has(pid)).reduce((sum, each) => sum + each.ticks, 0);
  return ticks / ticksPerSecond;
}

/** Ticks of the process and of the children that it has waited for. Undefined when it is gone. */
function statOf(pid: string): { pid: number; parent: number; ticks: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid: Number(pid), parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}

/** Proportional set size in MiB: shared pages count in parts. */
export function pssMib(pid: number): number {
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
