import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { topics, defineEvent } from '../index.js';
import { breaksBetween, breaksInHistory } from './compatibility.js';
import { eventSchema } from './event-schema.js';
import type { JsonSchema } from './json-schema.js';

function schemaOf(data: z.ZodRawShape): JsonSchema {
  const fixture = {} as never;
  return eventSchema(
    defineEvent({
      type: 'test.user.tried.v1',
      topic: topics.userEvents,
      summary: '',
      data,
      fixture,
    }),
  );
}

const first = {
  userId: z.uuid(),
  count: z.int(),
  status: z.enum(['active', 'disabled']),
  at: z.iso.datetime(),
  roles: z.array(z.string()),
  names: z.object({ given: z.string().optional(), family: z.string() }).optional(),
  labels: z.record(z.string(), z.enum(['a', 'b'])),
  place: z.object({ city: z.string().optional() }).nullable(),
};
const older = schemaOf(first);

function found(changed: z.ZodRawShape): string[] {
  return breaksBetween(older, schemaOf(changed)).map(
    ({ direction, rule, path }) => `${direction}: ${rule} ${path}`,
  );
}
function without(name: keyof typeof first): z.ZodRawShape {
  return Object.fromEntries(Object.entries(first).filter(([key]) => key !== name));
}

describe('no break is', () => {
  it.each<[string, z.ZodRawShape]>([
    ['the same again', first],
    ['a new optional field', { ...first, nickname: z.string().optional() }],
    [
      'a new optional field inside an object',
      {
        ...first,
        names: z
          .object({ given: z.string().optional(), family: z.string(), middle: z.string().optional() })
          .optional(),
      },
    ],
  ])('%s', (_what, changed) => {
    expect(found(changed)).toEqual([]);
  });

  it('another spelling of the same bound', () => {
    const above: JsonSchema = { type: 'integer', exclusiveMinimum: 0 };
    expect(breaksBetween(above, { type: 'integer', minimum: 1 })).toEqual([]);
  });

  it('another order of variants', () => {
    const variant = (kind: string): JsonSchema => ({
      type: 'object',
      properties: { kind: { const: kind } },
      required: ['kind'],
    });
    const [a, b] = [variant('a'), variant('b')];
    expect(breaksBetween({ oneOf: [a, b] }, { oneOf: [b, a] })).toEqual([]);
  });
});

const [backward, forward] = ['new reader, old data', 'old reader, new data'];

describe('a break, named with its path and direction, is', () => {
  it.each<[string, z.ZodRawShape, string[]]>([
    ['a new required field', { ...first, region: z.string() }, [`${backward}: required $.region`]],
    [
      'a required field that is gone',
      without('count'),
      [`${forward}: removed $.count`, `${forward}: required $.count`],
    ],
    ['an optional field that is gone', without('names'), [`${forward}: removed $.names`]],
    [
      'a required field made optional',
      { ...first, count: z.int().optional() },
      [`${forward}: required $.count`],
    ],
    [
      'an optional field made required',
      { ...first, names: first.names.unwrap() },
      [`${backward}: required $.names`],
    ],
    ['a narrowed enum', { ...first, status: z.enum(['active']) }, [`${backward}: literal $.status`]],
    [
      'a widened enum',
      { ...first, status: z.enum(['active', 'disabled', 'erasing']) },
      [`${forward}: literal $.status`],
    ],
    ['an enum that becomes any text', { ...first, status: z.string() }, [`${forward}: literal $.status`]],
    [
      'another type',
      { ...first, count: z.string() },
      [`${backward}: type $.count`, `${forward}: type $.count`],
    ],
    ['a wider type', { ...first, count: z.number() }, [`${forward}: type $.count`]],
    ['null where there was none', { ...first, count: z.int().nullable() }, [`${forward}: type $.count`]],
    [
      'another format',
      { ...first, at: z.iso.date() },
      [`${backward}: format $.at`, `${forward}: format $.at`],
    ],
    ['a format that is dropped', { ...first, userId: z.string() }, [`${forward}: format $.userId`]],
    [
      'another kind of item',
      { ...first, roles: z.array(z.int()) },
      [`${backward}: type $.roles[]`, `${forward}: type $.roles[]`],
    ],
    [
      'a list that may no longer be empty',
      { ...first, roles: z.array(z.string()).min(1) },
      [`${backward}: bound $.roles`],
    ],
    [
      'a longer text than before',
      { ...first, roles: z.array(z.string().min(2)) },
      [`${backward}: bound $.roles[]`],
    ],
    [
      'a change deep inside',
      { ...first, names: z.object({ given: z.string().optional(), family: z.int() }).optional() },
      [`${backward}: type $.names.family`, `${forward}: type $.names.family`],
    ],
    [
      'another value in a map',
      { ...first, labels: z.record(z.string(), z.enum(['a', 'b', 'c'])) },
      [`${forward}: literal $.labels.*`],
    ],
    [
      'a field that is gone from an object that may be null',
      { ...first, place: z.object({}).nullable() },
      [`${forward}: removed $.place.city`],
    ],
  ])('%s', (_what, changed, breaks) => {
    expect(found(changed)).toEqual(breaks);
  });

  it('a new variant of a union, for old readers', () => {
    const variant = (kind: string): JsonSchema => ({
      type: 'object',
      properties: { kind: { type: 'string', const: kind } },
      required: ['kind'],
    });
    const [a, b, c] = [variant('a'), variant('b'), variant('c')];
    const [only] = breaksBetween({ oneOf: [a, b] }, { oneOf: [a, b, c] });
    expect(only).toMatchObject({ direction: forward, rule: 'literal', path: '$.kind' });
  });

  it('a name that comes back with another meaning, found with the revision that had it', () => {
    const revisions = [{ note: z.string().optional() }, {}, { note: z.int().optional() }].map((more) =>
      schemaOf({ userId: z.uuid(), ...more }),
    );
    expect(breaksBetween(revisions[1] ?? {}, revisions[2] ?? {})).toEqual([]);
    expect(breaksInHistory(revisions)).toEqual(
      expect.arrayContaining([expect.objectContaining({ older: 1, newer: 3, rule: 'type', path: '$.note' })]),
    );
  });

  it('said in words that need no code', () => {
    const [narrowed] = breaksBetween(older, schemaOf({ ...first, status: z.enum(['active']) }));
    expect(narrowed?.what).toBe('the reader knows "active"; the data may also hold "disabled"');
  });
});
