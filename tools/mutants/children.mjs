// Loaded by node --import while a mutant runs: processes that the specs start run the compiled libraries, so the broken
// source takes the place of its compiled file as it is loaded.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import { chosenMutant, mutate, pathOf } from './mutate.ts';

const mutant = chosenMutant();
if (mutant) {
  const path = pathOf(mutant);
  const compiled = pathToFileURL(path.replace('/src/', '/dist/').replace(/\.ts$/, '.js')).href;
  registerHooks({
    load(url, context, next) {
      if (url !== compiled) return next(url, context);
      const { code } = transformSync(mutate(mutant, readFileSync(path, 'utf8')), {
        filename: path,
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
}
