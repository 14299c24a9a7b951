/**
 * Writes the generated pages of docs/, or with --check fails when one differs from the code:
 * docs/errors.md from the error catalogue, docs/events.md from the contracts.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { errorsPage } from './errors-page.ts';
import { eventsPage } from './events-page.ts';

const root = join(import.meta.dirname, '..', '..');
const checkOnly = process.argv.includes('--check');

const pages: Record<string, () => Promise<string>> = {
  'docs/errors.md': () => errorsPage(root),
  'docs/events.md': () => eventsPage(),
};

let stale = 0;
for (const [path, make] of Object.entries(pages)) {
  const style = await resolveConfig(join(root, path));
  const wanted = await format(await make(), { ...style, parser: 'markdown' });
  const present = await readFile(join(root, path), 'utf8').catch(() => '');
  if (wanted === present) continue;
  if (checkOnly) {
    console.error(`${path} is not what the code says; run: npm run docs`);
    stale += 1;
  } else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), wanted);
    console.log(`${path} written`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;
