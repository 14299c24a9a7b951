import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { explain, Progress } from '../bootstrap/progress.mjs';
import { build } from '../platform/build.ts';
import { signal } from '../process/alive.ts';
import { root } from '../process/paths.ts';
import { onStop } from '../process/stop-signals.ts';
import { type JestResult, summarise } from './summary.ts';

/** Builds (the end-to-end specs run the compiled apps), runs Jest, and prints the summary. Answers the exit code. */
export async function runTests(args: string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-result-'));
  try {
    await new Progress().step('Build', build);
    const output = join(folder, 'result.json');
    const code = await jest(['--json', `--outputFile=${output}`, ...workers(args), ...args]);
    return finish(summarise(readResult(output), code));
  } catch (error) {
    console.error(explain(error));
    return finish({ passed: 0, failed: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function finish({ passed, failed }: { passed: number; failed: number }): number {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

// Specs wait for engines more than they compute, so one core fewer would be idle.
function workers(args: string[]): string[] {
  return args.includes('--runInBand') ? [] : [`--maxWorkers=${Math.max(2, availableParallelism())}`];
}

function jest(args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const command = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...args,
    ];
    // Jest writes its report to stderr, and with --json the result to stdout as well, which nobody wants to see.
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['inherit', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
    onStop(() => child.pid && signal(child.pid, 'SIGTERM'));
  });
}

function readResult(file: string): JestResult | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestResult;
  } catch {
    return null;
  }
}
