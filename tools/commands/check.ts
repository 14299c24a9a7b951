// npm run check [-- --fix]: what a reviewer should not have to look for.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bold, dim, green, Progress, red, seconds } from '../bootstrap/progress.mjs';
import { tsc } from '../platform/build.ts';
import { root } from '../process/paths.ts';
import { run, type RunError } from '../process/run.ts';

const fix = process.argv.includes('--fix');
const bin = (path: string) => join(root, 'node_modules', path);

interface Check {
  name: string;
  args: string[];
  remedy: string;
  /** Run only where this file exists. */
  needs?: string;
}

const eslint: Check = {
  name: 'Lint and import boundaries',
  args: [bin('eslint/bin/eslint.js'), '.', '--max-warnings=0', ...(fix ? ['--fix'] : [])],
  remedy: 'npm run check:fix mends some of them',
  needs: 'eslint.config.mjs',
};
const format: Check = {
  name: 'Format',
  args: [bin('prettier/bin/prettier.cjs'), fix ? '--write' : '--check', '.', '--log-level=warn'],
  remedy: 'npm run check:fix',
};
const types: Check[] = [
  { name: 'Types of the apps and libraries', args: [tsc, '-b'], remedy: 'mend the errors above' },
  { name: 'Types of the tools', args: [tsc, '-p', 'tools'], remedy: 'mend the errors above' },
  { name: 'Types of the benchmarks', args: [tsc, '-p', 'load'], remedy: 'mend the errors above' },
  {
    name: 'Types of the specs',
    args: [tsc, '-p', 'tsconfig.spec.json'],
    remedy: 'mend the errors above',
    needs: 'tsconfig.spec.json',
  },
];
const generated: Check = {
  name: 'Generated files',
  args: ['tools/docs/generate.ts', ...(fix ? [] : ['--check'])],
  remedy: 'npm run docs',
  needs: 'tools/docs/generate.ts',
};

const progress = new Progress();
// Two at a time: the types of the specs need what the build has written, and the linter reads types as well.
const results = fix
  ? [await inOrder([types[0]!, generated, eslint, format])]
  : await Promise.all([inOrder([...types, generated]), inOrder([format, eslint])]);
if (results.flat().includes(false)) process.exitCode = 1;

async function inOrder(checks: Check[]): Promise<boolean[]> {
  const results: boolean[] = [];
  for (const check of checks) {
    if (check.needs && !existsSync(join(root, check.needs))) continue;
    results.push(await passes(check));
  }
  return results;
}

async function passes({ name, args, remedy }: Check): Promise<boolean> {
  const startedAt = Date.now();
  try {
    await run(process.execPath, args, { cwd: root });
    progress.line(`${green('✓')} ${name}  ${dim(seconds(startedAt))}`);
    return true;
  } catch (error) {
    progress.line(`${red(`✗ ${name}`)}  ${dim(seconds(startedAt))}\n${(error as RunError).output.trim()}`);
    progress.line(`  ${bold('What to do:')} ${remedy}`);
    return false;
  }
}
