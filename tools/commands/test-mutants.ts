// npm run test:mutants [-- part of a name …]: breaks the code in one place at a time, in memory, and runs the specs that
// must notice. Ends with an error when a mutant survives, or when the specs fail without one.
import { buildApps } from '../platform/build.ts';
import { explain, Progress, StepError } from '../bootstrap/progress.mjs';
import { startTestEngines } from '../engines/test-engines.ts';
import { mutants } from '../mutants/mutants.ts';
import { judge, table, type Verdict } from '../mutants/judge.ts';
import { runSpecs } from '../mutants/run-specs.ts';

const wanted = process.argv.slice(2);
const chosen = mutants.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
const progress = new Progress();

try {
  if (chosen.length === 0)
    throw new StepError('no mutant has such a name', 'tools/mutants/mutants.ts lists them');
  await progress.step('Build', () => buildApps());
  const engines = await progress.step('Engines', () => startTestEngines());
  Object.assign(process.env, engines.addresses);
  try {
    await unbroken([...new Set(chosen.flatMap(({ specs }) => specs))]);
    const verdicts: Verdict[] = [];
    for (const mutant of chosen) verdicts.push(await judge(mutant, progress));
    console.log(`\n${table(verdicts)}`);
    const survivors = verdicts.filter(({ caughtBy }) => caughtBy === undefined);
    console.log(`\n${verdicts.length - survivors.length} caught, ${survivors.length} survived`);
    process.exitCode = survivors.length === 0 ? 0 : 1;
  } finally {
    await engines.stop();
  }
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
process.exit();

/** A spec that fails anyhow would call every mutant caught. */
async function unbroken(specs: string[]): Promise<void> {
  await progress.step(`Specs without a mutant`, async () => {
    const result = await runSpecs(specs, { timeoutMs: 900_000 });
    if (result.failure) throw new StepError(`they fail: ${result.failure}`, 'npm test shows more');
  });
}
