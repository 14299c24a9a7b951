import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/paths.ts';
import { type ServiceName, serviceNames } from './services.ts';

/** A hash of the compiled code of each project, by its package name. */
export type Builds = Map<string, string>;

export function readBuilds(): Builds {
  return new Map(projectFolders().map((folder) => [packageOf(folder).name, hashOf(join(folder, 'dist'))]));
}

/** The services whose own code, or that of a library they stand on, differs between the two. */
export function affected(before: Builds, after: Builds): ServiceName[] {
  const changed = new Set(
    [...after].filter(([name, hash]) => before.get(name) !== hash).map(([name]) => name),
  );
  return serviceNames.filter((name) =>
    [...dependenciesOf(`@nest-arch/${name}`)].some((one) => changed.has(one)),
  );
}

/** One hash for the code of a service and of all libraries it stands on. */
export function buildOf(name: ServiceName, builds: Builds): string {
  const parts = [...dependenciesOf(`@nest-arch/${name}`)].sort().map((one) => builds.get(one) ?? '');
  return createHash('sha1').update(parts.join(' ')).digest('hex');
}

function dependenciesOf(name: string, found = new Set<string>()): Set<string> {
  const folder = projectFolders().find((one) => packageOf(one).name === name);
  if (!folder || found.has(name)) return found;
  found.add(name);
  for (const dependency of Object.keys(packageOf(folder).dependencies ?? {}))
    dependenciesOf(dependency, found);
  return found;
}

function projectFolders(): string[] {
  return ['libs', 'apps'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, 'package.json'))),
  );
}

function packageOf(folder: string): { name: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as ReturnType<typeof packageOf>;
}

function hashOf(folder: string): string {
  const hash = createHash('sha1');
  if (!existsSync(folder)) return '';
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (entry.endsWith('.js')) hash.update(entry).update(readFileSync(join(folder, entry)));
  }
  return hash.digest('hex');
}
