import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../process/paths.ts';
import type { Manifest } from './manifests.ts';

/** Inside the root, so that imports of packages are found from here; never written. */
const file = join(root, 'manifests-under-test.ts');

/**
 * Checks objects against the type declarations of Kubernetes: missing and unknown fields, types, fixed values. The
 * compiler does what a schema would: an object literal must match its declared type to the letter.
 *
 * @returns a sentence for each fault
 */
export function kubernetesFaults(objects: readonly Manifest[]): string[] {
  const lines = objects.map(
    (object, index) => `export const m${index}: ${typeOf(object)} = ${JSON.stringify(object)};`,
  );
  const program = ts.createProgram([file], options, hostWith(lines.join('\n')));
  const source = program.getSourceFile(file);
  return program.getSemanticDiagnostics(source).map((fault) => {
    const line = source?.getLineAndCharacterOfPosition(fault.start ?? 0).line ?? 0;
    const { kind, metadata } = objects[line] ?? { kind: '?', metadata: { name: '?' } };
    return `${kind} ${metadata.name}: ${ts.flattenDiagnosticMessageText(fault.messageText, ' ')}`;
  });
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  lib: ['lib.es5.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

/** `networking.k8s.io/v1` is in kubernetes-types/networking/v1, the core group `v1` in core/v1. */
function typeOf({ apiVersion, kind }: Manifest): string {
  const [version, group] = apiVersion.split('/').reverse();
  return `import('kubernetes-types/${group?.split('.')[0] ?? 'core'}/${version}').${kind}`;
}

function hostWith(text: string): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  return {
    ...host,
    fileExists: (path) => path === file || fileExists(path),
    getSourceFile: (path, ...rest) =>
      path === file ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2023) : getSourceFile(path, ...rest),
  };
}
