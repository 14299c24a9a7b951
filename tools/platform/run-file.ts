import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDataDir } from '../process/paths.ts';
import type { DatabaseOwner, ServiceName } from './services.ts';

/** `.data/run.json`: the addresses of everything that runs, for scripts. It holds no secret. */
export interface RunFile {
  pid: number;
  startedAt: string;
  gateway: string;
  services: Record<DatabaseOwner, string>;
  /** Health and metrics of every process. */
  management: Record<ServiceName, string>;
  mail: { smtp: string; web: string | null };
  postgres: string;
  kafka: string;
  redis: string;
  logs: string;
}

/** The running platform's addresses; null when none runs. */
export function readRunFile(dataDir = defaultDataDir): RunFile | null {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as RunFile;
  } catch {
    return null;
  }
}

export function writeRunFile(dataDir: string, run: RunFile): void {
  writeFileSync(join(dataDir, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
}

export function removeRunFile(dataDir: string): void {
  rmSync(join(dataDir, 'run.json'), { force: true });
}

/** An address without its password. */
export function withoutPassword(address: string): string {
  if (!address.includes('://')) return address;
  const url = new URL(address);
  url.password = '';
  return url.href;
}
