import { join } from 'node:path';
import { StepError } from '../bootstrap/progress.mjs';
import { root } from '../process/paths.ts';
import { serviceNames } from './services.ts';
import { run, type RunError } from '../process/run.ts';

export const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** Compiles what has changed of the apps and the libraries they stand on. */
export function buildApps(): Promise<void> {
  return build(serviceNames.map((name) => join('apps', name)));
}

/** Compiles what has changed. Throws with the compiler's own lines. */
export async function build(projects: string[] = []): Promise<void> {
  try {
    await run(process.execPath, [tsc, '-b', ...projects], { cwd: root });
  } catch (error) {
    const { output } = error as RunError;
    throw new StepError(`the compiler has found errors\n${output.trim()}`, 'mend them, or restore the files');
  }
}
