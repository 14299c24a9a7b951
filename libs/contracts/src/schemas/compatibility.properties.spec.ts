import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { breaksBetween } from './compatibility.js';
import { type JsonSchema, variantsOf } from './json-schema.js';
import { outsidePlainSubset } from './plain-subset.js';

interface Pair {
  older: JsonSchema;
  newer: JsonSchema;
}

const whole = (name: 'minimum' | 'exclusiveMinimum' | 'maximum') =>
  fc.integer({ min: 0, max: 2 }).map((bound): JsonSchema => ({ type: 'integer', [name]: bound }));
const short = fc.integer({ min: 0, max: 2 }).map((maxLength): JsonSchema => ({ type: 'string', maxLength }));
const literals = fc
  .subarray(['a', 'b', 'c'], { minLength: 1 })
  .map((values): JsonSchema => ({ type: 'string', enum: values }));
const numbers = fc.oneof(whole('minimum'), whole('exclusiveMinimum'), whole('maximum'));
const others = fc.constantFrom<JsonSchema>(
  { type: 'boolean' },
  { type: 'number' },
  { type: 'string' },
  { type: 'string', format: 'uuid' },
  { type: 'string', format: 'date-time' },
  { type: 'string', const: 'a' },
);
const leaf = fc.oneof(others, numbers, short, literals);
/** Two of a kind, and now and then two of any. */
const near = fc.oneof(...[numbers, short, literals, leaf].map((of) => fc.record({ older: of, newer: of })));

/** Two revisions that are alike in most places, so that many of them go together and the others differ in one. */
function pairs(depth: number): fc.Arbitrary<Pair> {
  const same = leaf.map((schema) => ({ older: schema, newer: schema }));
  if (depth === 0) return fc.oneof({ weight: 5, arbitrary: same }, { weight: 1, arbitrary: near });
  const inner = pairs(depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: same },
    { weight: 1, arbitrary: near },
    { weight: 4, arbitrary: objects(inner) },
    { weight: 1, arbitrary: both(inner, (items) => ({ type: 'array', items })) },
    { weight: 1, arbitrary: both(inner, (value) => ({ type: 'object', additionalProperties: value })) },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, often, often).map(([{ older, newer }, before, after]) => ({
        older: before ? nullable(older) : older,
        newer: after ? nullable(newer) : newer,
      })),
    },
  );
}

const often = fc.integer({ min: 0, max: 9 }).map((n) => n > 0);
const both = (inner: fc.Arbitrary<Pair>, wrap: (schema: JsonSchema) => JsonSchema) =>
  inner.map(({ older, newer }) => ({ older: wrap(older), newer: wrap(newer) }));
const nullable = (schema: JsonSchema): JsonSchema => ({
  anyOf: [...variantsOf(schema).filter(({ type }) => type !== 'null'), { type: 'null' }],
});

function objects(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const field = fc.record({ pair: inner, before: often, after: often, required: fc.boolean(), kept: often });
  return fc.record({ a: field, b: field, c: field }).map((fields) => {
    const side = (isIn: 'before' | 'after', part: keyof Pair): JsonSchema => {
      const present = Object.entries(fields).filter(([, own]) => own[isIn]);
      const required = present.filter(([, own]) =>
        isIn === 'before' || own.kept ? own.required : !own.required,
      );
      return {
        type: 'object',
        properties: Object.fromEntries(present.map(([name, own]) => [name, own.pair[part]])),
        required: required.map(([name]) => name),
      };
    };
    return { older: side('before', 'older'), newer: side('after', 'newer') };
  });
}

/** What a producer of this revision may send: the declared fields and no others. */
function dataOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const [first, ...others] = variantsOf(schema);
  if (others.length > 0) return fc.oneof(...[first!, ...others].map(dataOf));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const make: Record<string, () => fc.Arbitrary<unknown>> = {
    null: () => fc.constant(null),
    boolean: () => fc.boolean(),
    number: () => fc.double({ noNaN: true, noDefaultInfinity: true }),
    integer: () => wholeOf(schema),
    string: () => textOf(schema),
    array: () => fc.array(dataOf(schema.items ?? {}), { maxLength: 2 }),
    object: () => objectOf(schema),
  };
  return make[String(schema.type)]!();
}

/** Close to the bound: that is where revisions differ. */
function wholeOf({ minimum, exclusiveMinimum = -4, maximum }: JsonSchema): fc.Arbitrary<unknown> {
  const min = minimum ?? exclusiveMinimum + 1;
  return fc.integer({ min: Math.min(min, maximum ?? min), max: maximum ?? min + 2 });
}

function textOf({ format, maxLength = 3 }: JsonSchema): fc.Arbitrary<unknown> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
  return fc.string({ maxLength });
}

function objectOf({
  properties = {},
  required = [],
  additionalProperties,
}: JsonSchema): fc.Arbitrary<unknown> {
  const names = fc.constantFrom('a', 'b', 'x');
  if (additionalProperties) return fc.dictionary(names, dataOf(additionalProperties), { maxKeys: 2 });
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, dataOf(field)]));
  return fc.record(fields, { requiredKeys: required as never[] });
}

it('what goes together by the checker goes together in fact: each revision takes the data of the other', () => {
  const validator = addFormats.default(new Ajv2020({ strict: false }));
  let compatible = 0;
  let total = 0;
  fc.assert(
    fc.property(
      pairs(2).chain((pair) => fc.tuple(fc.constant(pair), dataOf(pair.older), dataOf(pair.newer))),
      ([{ older, newer }, before, after]) => {
        total += 1;
        expect(outsidePlainSubset(older).filter((fault) => !fault.includes('union'))).toEqual([]);
        expect(validator.validate(older, before)).toBe(true);
        if (breaksBetween(older, newer).length > 0) return;
        compatible += 1;
        expect([older, newer, before, validator.validate(newer, before)]).toEqual([
          older,
          newer,
          before,
          true,
        ]);
        expect([older, newer, after, validator.validate(older, after)]).toEqual([older, newer, after, true]);
      },
    ),
    { numRuns: 200 },
  );
  // Neither all nor none, or this would show nothing.
  expect(compatible).toBeGreaterThan(total / 10);
  expect(compatible).toBeLessThan((total * 9) / 10);
}, 60_000);
