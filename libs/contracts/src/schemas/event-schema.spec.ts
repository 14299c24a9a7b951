import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineEvent, events, profileStateV1, topics, userRegisteredV1, userStateV1 } from '../index.js';
import { eventSchema, shapeOnly } from './event-schema.js';
import { outsidePlainSubset } from './plain-subset.js';

function define(data: z.ZodRawShape, more: { revision?: number } = {}) {
  const fixture = {} as never;
  return defineEvent({
    type: 'test.user.tried.v1',
    topic: topics.userEvents,
    summary: 'Tried.',
    data,
    fixture,
    ...more,
  });
}

describe('the JSON Schema of an event', () => {
  it('says what the definition says, under the name that ce_dataschema has', () => {
    expect(eventSchema(userRegisteredV1)).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://nest-arch.dev/schemas/auth.user.registered.v1/1.json',
      title: 'auth.user.registered.v1',
      description: userRegisteredV1.summary,
      type: 'object',
      properties: {
        userId: { type: 'string', format: 'uuid' },
        version: { type: 'integer', exclusiveMinimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        source: { type: 'string', enum: ['self', 'import', 'admin'] },
        registeredAt: { type: 'string', format: 'date-time' },
      },
      required: ['userId', 'version', 'source', 'registeredAt'],
    });
    expect(userRegisteredV1.dataschema).toBe(eventSchema(userRegisteredV1).$id);
  });

  it('names the revision', () => {
    const second = define({ userId: z.uuid() }, { revision: 2 });
    expect(second.dataschema).toBe('https://nest-arch.dev/schemas/test.user.tried.v1/2.json');
  });

  it('is open at any depth, so that data of a later revision fits', () => {
    expect(JSON.stringify(events.map(eventSchema))).not.toContain('"additionalProperties":false');
    expect(eventSchema(profileStateV1).properties?.['visibility']).toEqual({
      type: 'object',
      additionalProperties: { type: 'string', enum: ['public', 'signed_in', 'private', 'admin'] },
    });
  });

  it('can be told apart from its words', () => {
    const reworded = { ...eventSchema(userStateV1), title: 'Other', description: 'words' };
    expect(shapeOnly(reworded)).toEqual(shapeOnly(eventSchema(userStateV1)));
    const fields: z.ZodRawShape = { title: z.string(), description: z.string() };
    expect(Object.keys(shapeOnly(eventSchema(define(fields))).properties ?? {})).toEqual(Object.keys(fields));
  });
});

describe('producers are held to the declared fields', () => {
  it('inside objects, lists, maps and unions too', () => {
    const person = z.object({ name: z.string() });
    const { schema, readSchema } = define({
      one: person.optional(),
      some: z.array(person).max(1),
      named: z.record(z.string(), person),
      none: person.nullable(),
      either: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') })]),
    });
    const ada = { name: 'Ada' };
    const data = { one: ada, some: [ada], named: { x: ada }, none: ada, either: { kind: 'a' } };
    const more = { ...ada, age: 36 };

    expect(schema.safeParse(data).success).toBe(true);
    const undeclared = [
      ...[{ one: more }, { some: [more] }, { named: { x: more } }, { none: more }],
      { either: { kind: 'a', age: 36 } },
    ];
    for (const changed of undeclared) {
      expect(schema.safeParse({ ...data, ...changed }).success).toBe(false);
      expect(readSchema.parse({ ...data, ...changed })).toEqual(data);
    }
    expect(schema.safeParse({ ...data, some: [ada, ada] }).success).toBe(false);
  });
});

describe('the plain subset', () => {
  it.each(events.map((event) => [event.type, event] as const))('holds %s', (_type, event) => {
    expect(outsidePlainSubset(eventSchema(event))).toEqual([]);
  });

  it.each<[string, z.ZodRawShape]>([
    ['nullable objects', { place: z.object({ city: z.string() }).nullable() }],
    ['unions of literals', { code: z.union([z.literal('a'), z.literal(1)]) }],
    [
      'unions of objects that a literal tells apart',
      {
        target: z.union([
          z.object({ kind: z.literal('session'), sid: z.uuid() }),
          z.object({ kind: z.literal('user'), minVer: z.int() }),
        ]),
      },
    ],
  ])('has room for %s', (_what, data) => {
    expect(outsidePlainSubset(eventSchema(define(data)))).toEqual([]);
  });

  it.each<[string, z.ZodRawShape, string]>([
    ['a pattern', { code: z.string().regex(/^a/) }, '$.code: pattern'],
    ['a format of few', { ip: z.ipv4() }, '$.ip: format ipv4'],
    ['anything at all', { thing: z.unknown() }, 'unknown'],
    ['a default', { code: z.string().default('a') }, 'default'],
    ['a transformation', { code: z.string().transform((text) => text.trim()) }, 'pipe'],
    ['a coercion', { count: z.coerce.number() }, 'coerced'],
    ['a rule in code', { code: z.string().refine((text) => text !== 'x') }, 'a rule in code'],
    ['a tuple', { pair: z.tuple([z.string(), z.string()]) }, 'tuple'],
    ['a step', { count: z.int().multipleOf(5) }, 'multipleOf'],
    [
      'an object closed to readers',
      { inner: z.strictObject({ a: z.string() }) },
      '$.inner: an object that is closed',
    ],
    ['an object open to anything', { inner: z.looseObject({ a: z.string() }) }, 'unknown'],
    ['a union of scalars', { id: z.union([z.string(), z.int()]) }, '$.id: a union'],
    [
      'a union of objects that look alike',
      { target: z.union([z.object({ sid: z.uuid() }), z.object({ minVer: z.int() })]) },
      '$.target: a union',
    ],
    [
      'a union in which two variants share the literal',
      {
        target: z.union([
          z.object({ kind: z.literal('a'), sid: z.uuid() }),
          z.object({ kind: z.literal('a'), minVer: z.int() }),
        ]),
      },
      '$.target: a union',
    ],
  ])('has none for %s', (_what, data, fault) => {
    expect(() => eventSchema(define(data))).toThrow(fault);
  });
});
