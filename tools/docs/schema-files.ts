// The published JSON Schemas: libs/contracts/schemas/<type>/<revision>.json, and lock.json with the SHA-256 of each.
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EventDefinition, JsonSchema } from '@nest-arch/contracts';

/** What is committed: text and checksum by path, `auth.user.state.v1/1.json`. */
export interface SchemaFiles {
  texts: ReadonlyMap<string, string>;
  lock: Readonly<Record<string, string>>;
}

export interface SchemaReport {
  /** What a published schema must never be, one line each. */
  faults: string[];
  /** Revisions of the code that are not published yet and go together with all older ones. */
  unpublished: Map<string, string>;
}

type Contracts = Pick<
  typeof import('@nest-arch/contracts'),
  'events' | 'retiredTypes' | 'eventSchema' | 'shapeOnly' | 'breaksInHistory'
>;

const folderOf = (root: string) => join(root, 'libs/contracts/schemas');

export async function readSchemaFiles(root: string): Promise<SchemaFiles> {
  const folder = folderOf(root);
  const texts = new Map<string, string>();
  for await (const path of glob('*/*.json', { cwd: folder }))
    texts.set(path, await readFile(join(folder, path), 'utf8'));
  const lock = await readFile(join(folder, 'lock.json'), 'utf8').catch(() => '{}');
  return { texts, lock: JSON.parse(lock) as Record<string, string> };
}

/** The published schemas and those of `unpublished`. Of what is there nothing changes, neither a schema nor its checksum. */
export function withPublished(
  { texts, lock }: SchemaFiles,
  unpublished: ReadonlyMap<string, string>,
): SchemaFiles {
  const sums = [...unpublished].map(([path, text]): [string, string] => [path, sha256(text)]);
  const lines = [...sums, ...Object.entries(lock)].sort(([a], [b]) => (a < b ? -1 : 1));
  return { texts: new Map([...unpublished, ...texts]), lock: Object.fromEntries(lines) };
}

export async function writeSchemaFiles(
  root: string,
  files: SchemaFiles,
  unpublished: ReadonlyMap<string, string>,
): Promise<void> {
  const folder = folderOf(root);
  for (const [path, text] of unpublished) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, { flag: 'wx' });
  }
  await writeFile(join(folder, 'lock.json'), render(withPublished(files, unpublished).lock));
}

/** Compares the code, the published schemas and their checksums with each other. */
export function checkSchemas(contracts: Contracts, files: SchemaFiles): SchemaReport {
  const unpublished = new Map<string, string>();
  const faults = [...lockFaults(files), ...goneTypes(contracts, files)];
  for (const event of contracts.events) {
    const published = publishedRevisions(event.type, files.texts);
    const current = contracts.eventSchema(event);
    const found = [
      ...revisionFaults(event, published),
      ...(published[event.revision - 1]
        ? driftFaults(contracts, published[event.revision - 1]!, current)
        : []),
    ];
    const isNew = event.revision === published.length + 1;
    const history = isNew ? [...published, current] : published;
    found.push(
      ...contracts
        .breaksInHistory(history)
        .map(
          ({ older, newer, direction, path, what }) =>
            `revision ${newer} breaks with revision ${older} (${direction}): ${path}: ${what}. A break needs a new version of the type`,
        ),
    );
    if (isNew && found.length === 0) unpublished.set(`${event.type}/${event.revision}.json`, render(current));
    faults.push(...found.map((fault) => `${event.type}: ${fault}`));
  }
  return { faults, unpublished };
}

function lockFaults({ texts, lock }: SchemaFiles): string[] {
  const gone = Object.keys(lock).filter((path) => !texts.has(path));
  return [
    ...gone.map((path) => `${path}: a published schema stays, but the file is gone`),
    ...[...texts].flatMap(([path, text]) => {
      if (lock[path] === undefined) return [`${path}: has no line in lock.json; let npm run docs write both`];
      return lock[path] === sha256(text) ? [] : [`${path}: a published schema is never edited`];
    }),
  ];
}

function goneTypes({ events, retiredTypes }: Contracts, { texts }: SchemaFiles): string[] {
  const known = new Set([...events.map(({ type }) => type), ...retiredTypes]);
  const types = new Set([...texts.keys()].map((path) => dirname(path)));
  return [...types]
    .filter((type) => !known.has(type))
    .map((type) => `${type}: is published, but the code does not have it; put it among the retired types`);
}

function revisionFaults(event: EventDefinition, published: readonly (JsonSchema | undefined)[]): string[] {
  if (event.revision > published.length + 1)
    return [`revision ${event.revision} follows ${published.length}; revisions are counted without a gap`];
  if (event.revision < published.length)
    return [`the code has revision ${event.revision}, but ${published.length} is published`];
  return [];
}

// Words may be put better at any time; the published file keeps its own.
function driftFaults({ shapeOnly }: Contracts, published: JsonSchema, current: JsonSchema): string[] {
  if (JSON.stringify(sorted(shapeOnly(published))) === JSON.stringify(sorted(shapeOnly(current)))) return [];
  return ['differs from its published schema; a field that was added needs the next `revision`'];
}

// The order of fields says nothing, and neither does that of their names in `required`.
function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function publishedRevisions(type: string, texts: ReadonlyMap<string, string>): JsonSchema[] {
  const revisions: JsonSchema[] = [];
  for (let n = 1; ; n += 1) {
    const text = texts.get(`${type}/${n}.json`);
    if (text === undefined) return revisions;
    revisions.push(JSON.parse(text) as JsonSchema);
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function render(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
