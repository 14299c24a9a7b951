import { join } from 'node:path';
import { StepError } from '../bootstrap/progress.mjs';
import { root } from '../process/paths.ts';
import { run, type RunError } from '../process/run.ts';

export const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** Compiles what has changed. Throws with the compiler's own lines. */
export async function build(): Promise<void> {
  try {
    await run(process.execPath, [tsc, '-b'], { cwd: root });
  } catch (error) {
    const { output } = error as RunError;
    throw new StepError(`the compiler has found errors\n${output.trim()}`, 'mend them, or restore the files');
  }
}
