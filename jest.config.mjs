import { readdirSync, existsSync } from 'node:fs';

const root = import.meta.dirname;

const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

/**
 * Specs whose name ends in .faults.spec.ts or .scale.spec.ts stop engines or need volume: npm run test:faults and
 * npm run test:scale run them, npm test leaves them out.
 */
const tier = process.env.TEST_TIER;
/** npm run test:mutants: the same sources with one place broken. */
const transform = process.env.MUTANT ? `${root}/tools/mutants/transform.mjs` : '@swc/jest';
const otherTiers = '\\.(faults|scale)\\.spec\\.ts$';

function project(folder, name) {
  return {
    displayName: name,
    rootDir: `${root}/${folder}/${name}`,
    testMatch: [`<rootDir>/src/**/*${tier ? `.${tier}` : ''}.spec.ts`],
    testPathIgnorePatterns: ['/node_modules/', '/dist/', ...(tier ? [] : [otherTiers])],
    extensionsToTreatAsEsm: ['.ts'],
    testEnvironment: 'node',
    transform: { '^.+\\.ts$': [transform, swc] },
    moduleNameMapper: {
      // Sources, not dist: a test never runs against a stale build.
      '^@nest-arch/(contracts|platform|database|messaging|testing)$': `${root}/libs/$1/src/index.ts`,
      '^@nest-arch/(platform|messaging)/([\\w-]+)$': `${root}/libs/$1/src/$2/index.ts`,
      '^(\\.{1,2}/.*)\\.js$': '$1',
    },
  };
}

const projects = ['libs', 'apps'].flatMap((folder) =>
  readdirSync(`${root}/${folder}`)
    .filter((name) => existsSync(`${root}/${folder}/${name}/package.json`))
    .map((name) => project(folder, name)),
);
if (existsSync(`${root}/tools/package.json`)) {
  const specs = project('.', 'tools');
  projects.push({ ...specs, testMatch: [specs.testMatch[0].replace('/src/', '/')] });
}

export default {
  projects,
  testTimeout: 20_000,
  globalSetup: `${root}/libs/testing/src/global-setup.mjs`,
  globalTeardown: `${root}/libs/testing/src/global-teardown.mjs`,
};
