import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { contractsVersion } from './index.js';

interface Manifest {
  version: string;
  private?: boolean;
  dependencies: Record<string, string>;
}

async function manifest(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as Manifest;
}

it('the package can be published, and stands on what the workspace was tested with', async () => {
  const [own, root] = await Promise.all([manifest('../package.json'), manifest('../../../package.json')]);

  expect(own.private).toBeUndefined();
  expect(own.version).toBe(contractsVersion);
  // Nothing of the workspace, and every version the one of the root.
  expect(Object.keys(own.dependencies)).toEqual(['zod']);
  expect(root.dependencies).toMatchObject(own.dependencies);
});
