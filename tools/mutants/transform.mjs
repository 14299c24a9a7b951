// Jest's transform while a mutant runs: @swc/jest, given a source in which one place is broken. No file is changed.
import swcJest from '@swc/jest';
import { chosenMutant, mutate, pathOf } from './mutate.ts';

const mutant = chosenMutant();

/**
 * @param {string} source
 * @param {string} path
 */
function broken(source, path) {
  return mutant && path === pathOf(mutant) ? mutate(mutant, source) : source;
}

export default {
  /** @param {Parameters<typeof swcJest.createTransformer>[0]} options */
  createTransformer(options) {
    const swc = swcJest.createTransformer(options);
    /**
     * The source is a part of the key, so a mutant never meets the cached original.
     * @template R
     * @param {(source: string, path: string, ...rest: any[]) => R} act
     * @returns {(source: string, path: string, ...rest: any[]) => R}
     */
    const breaking =
      (act) =>
      (source, path, ...rest) =>
        act(broken(source, path), path, ...rest);
    return {
      ...swc,
      process: breaking(/** @type {any} */ (swc.process)),
      processAsync: breaking(/** @type {any} */ (swc.processAsync)),
      getCacheKey: breaking(/** @type {any} */ (swc.getCacheKey)),
    };
  },
};
