import { join } from 'node:path';
import { root } from '../process/paths.ts';
import { mutants, type Mutant } from './mutants.ts';

/** Names the mutant under which a process runs; without it the code is as it is. */
export const mutantVariable = 'MUTANT';

/** The mutant that this process is to run; undefined in every ordinary run. */
export function chosenMutant(): Mutant | undefined {
  const name = process.env[mutantVariable];
  if (!name) return undefined;
  const mutant = mutants.find((each) => each.name === name);
  if (!mutant) throw new Error(`there is no mutant "${name}"`);
  return mutant;
}

export function pathOf(mutant: Mutant): string {
  return join(root, mutant.file);
}

/** The broken source. Throws when the place to break is not there exactly once: the mutant has to follow the code. */
export function mutate(mutant: Mutant, source: string): string {
  const [before, after, ...more] = source.split(mutant.find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(
      `mutant "${mutant.name}": ${mutant.file} has its place ${more.length === 0 ? 'nowhere' : 'more than once'}`,
    );
  return before + mutant.replace + after;
}
