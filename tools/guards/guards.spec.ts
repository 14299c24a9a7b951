import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { errorsPage } from '../docs/errors-page.ts';

const root = join(import.meta.dirname, '..', '..');

async function sources(pattern: string): Promise<{ file: string; text: string }[]> {
  const found: { file: string; text: string }[] = [];
  for await (const file of glob(pattern, { cwd: root })) {
    if (file.endsWith('.spec.ts')) continue;
    found.push({ file, text: await readFile(join(root, file), 'utf8') });
  }
  return found;
}

// The running apps refuse to boot with such a route; this says so before anything runs.
it('every route of every controller declares its access', async () => {
  const controllers = await sources('{apps,libs}/*/src/**/*.controller.ts');
  const open: string[] = [];
  let routes = 0;
  for (const { file, text } of controllers) {
    // A route is a run of decorators, one of them a method's, that ends in the name of the handler.
    for (const [block] of text.matchAll(/(?:^ {2}@[\s\S]*?)(?=^ {2}(?:async )?\*?\w+\()/gm)) {
      if (!/^ {2}@(Get|Post|Put|Patch|Delete|Sse|All)\(/m.test(block)) continue;
      routes += 1;
      if (!/^ {2}@Access\(/m.test(block)) open.push(`${file}: ${block.trim().split('\n')[0]}`);
    }
  }
  expect(routes).toBeGreaterThan(12);
  expect(open).toEqual([]);
});

// The generated client and others know the API from there.
it('every body, query and answer of a route has its shape in the contracts', async () => {
  const controllers = await sources('{apps,libs}/*/src/**/*.controller.ts');
  const scalar = /^z\.string\(\)$/; // an event stream
  const shapes = controllers.flatMap(({ file, text }) => {
    const imported = [...text.matchAll(/import \{([^}]*)\} from '@nest-arch\/contracts'/g)]
      .join()
      .split(/\W+/);
    const used = [
      ...text.matchAll(/@(?:Body|Query)\(\{ schema: ([^}]+?) \}\)|\bresponse: ([^\n]+?)(?:,\n| \})/g),
    ];
    return used.map(([, input, answer]) => {
      const shape = input ?? answer ?? '';
      return { file, shape, isOurs: imported.includes(shape) };
    });
  });
  expect(shapes.length).toBeGreaterThan(20);
  expect(shapes.filter(({ shape, isOurs }) => !isOurs && !scalar.test(shape))).toEqual([]);
});

it('every error code is documented, and every documented code exists', async () => {
  const page = await readFile(join(root, 'docs/errors.md'), 'utf8');
  const documented = new Set([...page.matchAll(/<a id="([\w.]+)">/g)].map((match) => match[1]));
  const generated = await errorsPage(root);
  const declared = new Set([...generated.matchAll(/<a id="([\w.]+)">/g)].map((match) => match[1]));
  expect(declared.size).toBeGreaterThan(20);
  expect(documented).toEqual(declared);
  // And nobody writes a code past the catalogue.
  for (const { file, text } of await sources('{apps,libs}/*/src/**/*.ts')) {
    for (const [, code] of text.matchAll(/\bcode: '([a-z_]+\.[a-z0-9_]+)'/g))
      expect([file, declared.has(code)]).toEqual([file, true]);
  }
});

it('every statement that spends a one-time secret has a spec in which sixteen race for it', async () => {
  const queries = await sources('apps/*/src/**/*.queries.ts');
  const spending = queries.flatMap(({ file, text }) =>
    [...text.matchAll(/export (?:async )?function ((?:spend|rotate|redeem|consume)\w*)/g)].map((match) => ({
      file,
      name: match[1],
    })),
  );
  expect(spending.length).toBeGreaterThan(0);
  for (const { file } of spending) {
    const folder = file.slice(0, file.lastIndexOf('/'));
    const specs: string[] = [];
    for await (const spec of glob(`${folder}/*.spec.ts`, { cwd: root }))
      specs.push(await readFile(join(root, spec), 'utf8'));
    expect([file, specs.some((text) => /race\(\s*16|sixteen/i.test(text))]).toEqual([file, true]);
  }
});
