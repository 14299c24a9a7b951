import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { root } from '../process/paths.ts';
import { serviceNames } from '../platform/services.ts';

/** The parts of Kubernetes objects that the checks read. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  spec?: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a different shape for every kind
  stringData?: Record<string, string>;
}

export interface Kustomization {
  resources: string[];
  images?: { name: string; newTag: string }[];
  configMapGenerator?: { name: string; literals: string[] }[];
  secretGenerator?: { name: string; envs: string[] }[];
}

export const apps = serviceNames;
export type AppName = (typeof apps)[number];

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Every object of a YAML file. Throws where the file is not YAML. */
export function manifests(path: string): Manifest[] {
  return parseAllDocuments(read(path)).map((document) => {
    if (document.errors[0]) throw new Error(`${path}: ${document.errors[0].message}`);
    return document.toJS() as Manifest;
  });
}

/** Files of a folder that hold objects, in order; kustomization.yaml is none of them. */
export function manifestFiles(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .map((name) => `${folder}/${name}`);
}

export function kustomization(folder: string): Kustomization {
  return parse(read(`${folder}/kustomization.yaml`)) as Kustomization;
}

/** What the generated ConfigMap of a kustomization holds. */
export function generated(folder: string, name: string): Record<string, string> {
  const literals =
    kustomization(folder).configMapGenerator?.find((entry) => entry.name === name)?.literals ?? [];
  return Object.fromEntries(
    literals.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** The variables that the image sets by itself. */
export function imageEnvironment(): Record<string, string> {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(read('docker/Dockerfile')) ?? [];
  return Object.fromEntries(
    [...block.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}

/**
 * Boots nothing, only parses: the app's own `config.ts` on an environment. Throws what the app would.
 *
 * @returns the names of all variables that the app knows
 */
export async function configure(app: AppName, env: Record<string, string>): Promise<string[]> {
  const module = (await import(`../../apps/${app}/src/config.ts`)) as Record<string, unknown>;
  const [, load] =
    Object.entries(module).find(([name]) => /^(read|load)(?!Migration)\w*Config$/.test(name)) ?? [];
  return Object.keys((load as (env: Record<string, string>) => object)(env));
}
