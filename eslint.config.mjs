import tseslint from 'typescript-eslint';

const libs = ['contracts', 'database', 'platform', 'messaging', 'testing'];
const apps = ['gateway', 'auth', 'profile', 'notification', 'analytics', 'e2e'];
const pkg = (name) => `@nest-arch/${name}`;

/** Which of our packages a project may import; `libs/messaging/broadcast` and the main door of platform are the doors without a database. */
const mayImport = {
  'libs/contracts': [],
  'libs/database': ['contracts'],
  'libs/platform': ['contracts', 'database'],
  'libs/messaging': ['contracts', 'database', 'platform'],
  'libs/testing': ['contracts', 'database', 'platform', 'messaging'],
  'apps/gateway': ['contracts', 'platform'],
  'apps/auth': ['contracts', 'database', 'platform', 'messaging'],
  'apps/profile': ['contracts', 'database', 'platform', 'messaging'],
  'apps/notification': ['contracts', 'database', 'platform', 'messaging'],
  'apps/analytics': ['contracts', 'database', 'platform', 'messaging'],
  'apps/e2e': ['contracts', 'testing'],
};

function boundaries([folder, allowed]) {
  const forbidden = [...libs, ...apps].filter((name) => !allowed.includes(name));
  const onlyBroadcast = folder === 'apps/gateway';
  const patterns = [
    {
      group: forbidden
        .filter((name) => !(onlyBroadcast && name === 'messaging'))
        .flatMap((name) => [pkg(name), `${pkg(name)}/*`]),
      message: 'This import crosses a boundary of the workspace.',
    },
    // A group cannot take back a part of what it forbids.
    ...(onlyBroadcast
      ? [{ regex: '^@nest-arch/messaging(?!/broadcast$)', message: 'The gateway has no database.' }]
      : []),
    {
      group: ['**/apps/**', '**/libs/**'],
      message: 'Import a library by its package name, and never an app.',
    },
  ];
  const paths = [
    ...(folder === 'libs/messaging'
      ? []
      : [{ name: 'kafkajs', message: 'kafkajs stays behind libs/messaging.' }]),
    ...(onlyBroadcast
      ? ['typeorm', 'pg', '@nestjs/typeorm', '@nest-arch/platform/idempotency'].map((name) => ({
          name,
          message: 'The gateway has no database.',
        }))
      : []),
  ];
  const spec = [`${folder}/src/**/*.spec.ts`, `${folder}/src/testing/**/*.ts`];
  const config = {
    files: [`${folder}/src/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns, paths }] },
  };
  // Specs may use the test library, and the broker itself to look at what was sent.
  const specPatterns = patterns.map((pattern) => ({
    ...pattern,
    ...(pattern.group && { group: pattern.group.filter((name) => !name.startsWith(pkg('testing'))) }),
  }));
  return [
    { ...config, ignores: spec },
    { files: spec, rules: { 'no-restricted-imports': ['error', { patterns: specPatterns }] } },
  ];
}

export default tseslint.config(
  { ignores: ['**/dist/**', 'node_modules/**', '.data/**', '.cache/**', '.nx/**', 'load/**/target/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-extraneous-class': 'off',
      // Nest decides what to inject by the class at run time: a type-only import would erase it.
      '@typescript-eslint/consistent-type-imports': 'off',
      complexity: ['error', 10],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.spec.ts', 'libs/testing/**/*.ts', 'apps/*/src/testing/**/*.ts', 'apps/e2e/**/*.ts'],
    rules: { 'max-lines': ['error', 500], 'max-lines-per-function': 'off', 'max-params': 'off' },
  },
  {
    files: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
    ignores: [
      'apps/e2e/**',
      'libs/database/src/**',
      '**/migrations/**',
      '**/*.migrations.ts',
      '**/*.spec.ts',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='query']",
          message: 'Statements run through many, maybeOne, one and execute of libs/database.',
        },
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only config.ts reads the environment, through loadConfig.',
        },
        { property: 'startTransaction', message: 'Transactions only by db.transaction(fn).' },
      ],
    },
  },
  {
    files: [
      'libs/platform/src/config/load-config.ts',
      'libs/testing/**/*.ts',
      'apps/*/src/testing/**/*.ts',
      'apps/e2e/**/*.ts',
      '**/*.spec.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['tools/**/*.ts', 'load/**/*.ts'], rules: { 'no-console': 'off' } },
  ...Object.entries(mayImport).flatMap(boundaries),
);
