import { readFileSync } from 'node:fs';
import type { Progress } from '../bootstrap/progress.mjs';
import { mutate, pathOf } from './mutate.ts';
import type { Mutant } from './mutants.ts';
import { runSpecs } from './run-specs.ts';

const timeoutMs = 240_000;

export interface Verdict {
  mutant: Mutant;
  /** The test that failed; undefined for a mutant that survived. */
  caughtBy: string | undefined;
  message: string;
  seconds: number;
}

export async function judge(mutant: Mutant, progress: Progress): Promise<Verdict> {
  return progress.step(
    mutant.name,
    async () => {
      // Before anything runs: a mutant whose place is gone would pass for one that was caught.
      mutate(mutant, readFileSync(pathOf(mutant), 'utf8'));
      const { name, specs, tests } = mutant;
      const { failure, message, seconds } = await runSpecs(specs, { mutant: name, tests, timeoutMs });
      return { mutant, caughtBy: failure, message, seconds };
    },
    { done: ({ caughtBy, message }) => `${mutant.name}: ${caughtBy ?? 'SURVIVED'}\n    ${message}\n  ` },
  );
}

/** As it stands in docs/testing.md. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(
    ({ mutant, caughtBy, seconds }) =>
      `| ${mutant.name} | ${mutant.why} | ${caughtBy ?? '**survived**'} | ${Math.round(seconds)} |`,
  );
  return ['| Mutant | What would happen | Caught by | s |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
