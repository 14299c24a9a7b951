import { Parser } from '@asyncapi/parser';
import { expect, it } from '@jest/globals';
import { asyncApiDocument } from '../index.js';

/** Errors and warnings of AsyncAPI's own parser. */
async function faultsOf(document: object): Promise<string[]> {
  const diagnostics = await new Parser().validate(document as never);
  return diagnostics
    .filter(({ severity }) => severity <= 1)
    .map(({ message, path }) => `${path.join('.')}: ${message}`);
}

// In a file of its own and with time to spare: the parser and its 130 packages take seconds to load.
it('the AsyncAPI document is valid for the parser of AsyncAPI, which would find a fault', async () => {
  expect(await faultsOf(asyncApiDocument())).toEqual([]);

  const broken = structuredClone(asyncApiDocument());
  broken.operations['authSendsUserState'] = { action: 'shouts' };
  expect((await faultsOf(broken)).join()).toContain('authSendsUserState');
}, 60_000);
