import { readFile } from 'node:fs/promises';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type EventDefinition, events } from '../index.js';

/** What anybody has who validates by the file alone, in whatever language. */
async function validatorOf({ type, revision }: EventDefinition): Promise<ValidateFunction> {
  const file = new URL(`../../schemas/${type}/${revision}.json`, import.meta.url);
  const ajv = addFormats.default(new Ajv2020({ strict: true, strictRequired: true, allowUnionTypes: true }));
  return ajv.compile(JSON.parse(await readFile(file, 'utf8')) as object);
}

describe.each(events.map((event) => [event.type, event] as const))('the schema of %s', (_type, event) => {
  const fixture = event.fixture as Record<string, unknown>;
  let fits: ValidateFunction;
  beforeAll(async () => {
    fits = await validatorOf(event);
  });

  it('takes the fixture, also with a field of a later revision', () => {
    expect([fits(fixture), fits.errors]).toEqual([true, null]);
    expect(fits({ ...fixture, addedLater: 1 })).toBe(true);
  });

  it('refuses what the contract refuses', () => {
    for (const name of Object.keys(fixture)) {
      const { [name]: _left, ...rest } = fixture;
      const broken: unknown[] = [
        rest,
        ...[null, 1.5, 'x', [], {}].map((value) => ({ ...fixture, [name]: value })),
      ];
      for (const data of broken)
        expect([name, data, fits(data)]).toEqual([name, data, event.readSchema.safeParse(data).success]);
    }
  });
});
