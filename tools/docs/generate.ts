/**
 * Writes what is generated from the code, or with --check fails when something differs from it: docs/errors.md from the
 * error catalogue; docs/events.md, docs/asyncapi.json and the JSON Schemas of libs/contracts from the contracts.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { errorsPage } from './errors-page.ts';
import { eventsPage } from './events-page.ts';
import { checkSchemas, readSchemaFiles, writeSchemaFiles } from './schema-files.ts';

const root = join(import.meta.dirname, '..', '..');
const checkOnly = process.argv.includes('--check');

const pages: Record<string, () => Promise<string>> = {
  'docs/errors.md': () => errorsPage(root),
  'docs/events.md': () => eventsPage(),
  'docs/asyncapi.json': () => asyncApi(),
};

const faults = await schemaFaults();
for (const [path, make] of Object.entries(pages)) {
  const wanted = await styled(path, await make());
  const present = await readFile(join(root, path), 'utf8').catch(() => '');
  if (wanted === present) continue;
  if (checkOnly) {
    faults.push(`${path} is not what the code says; run: npm run docs`);
  } else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), wanted);
    console.log(`${path} written`);
  }
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

async function styled(path: string, text: string): Promise<string> {
  if (!path.endsWith('.md')) return text;
  return format(text, { ...(await resolveConfig(join(root, path))), parser: 'markdown' });
}

async function asyncApi(): Promise<string> {
  const { asyncApiDocument } = await import('@nest-arch/contracts');
  return `${JSON.stringify(asyncApiDocument(), null, 2)}\n`;
}

/** Publishes new revisions. What is wrong with published ones only a person can put right. */
async function schemaFaults(): Promise<string[]> {
  const files = await readSchemaFiles(root);
  const { faults, unpublished } = checkSchemas(await import('@nest-arch/contracts'), files);
  const paths = [...unpublished.keys()].map((path) => `libs/contracts/schemas/${path}`);
  if (checkOnly) return [...faults, ...paths.map((path) => `${path} is missing; run: npm run docs`)];
  if (unpublished.size > 0) await writeSchemaFiles(root, files, unpublished);
  for (const path of paths) console.log(`${path} written`);
  return faults;
}
