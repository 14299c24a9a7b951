import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mavenCommand } from './java.ts';
import { run } from '../process/run.ts';
import { StepError } from '../bootstrap/progress.mjs';
import { cacheDir } from '../process/paths.ts';

const folder = import.meta.dirname;

/** The folder with the broker's jars; Maven fetches them when the pom has changed. */
export function kafkaJars(): Promise<string> {
  return fetched('kafka', ['dependency:copy-dependencies']);
}

/** The folder with the Redis binaries of the Maven artefact. */
export function redisBinaries(): Promise<string> {
  return fetched('redis', [
    'dependency:unpack-dependencies',
    '-DincludeArtifactIds=embedded-redis',
    '-Dmdep.unpack.includes=redis-server-*',
  ]);
}

function target(name: string): string {
  const hash = createHash('sha256')
    .update(readFileSync(pom(name)))
    .digest('hex')
    .slice(0, 16);
  return join(cacheDir, `${name}-${hash}`);
}

function pom(name: string): string {
  return join(folder, name, 'pom.xml');
}

async function fetched(name: string, goal: string[]): Promise<string> {
  const ready = target(name);
  if (existsSync(ready)) return ready;
  // Made beside and renamed: an interrupted download, or a second start at the same time, leaves no half folder.
  const partial = `${ready}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await run(await mavenCommand(), [
      '-q',
      '-B',
      '-f',
      pom(name),
      ...goal,
      `-DoutputDirectory=${partial}`,
      `-DmarkersDirectory=${partial}/.markers`,
    ]);
    if (!existsSync(ready)) renameSync(partial, ready);
  } catch (error) {
    if (error instanceof StepError) throw error;
    throw new Error(
      `Maven could not fetch what tools/engines/${name}/pom.xml lists. Is the network there?\n${(error as Error).message}`,
    );
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return ready;
}
