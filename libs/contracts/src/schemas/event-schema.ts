import { z } from 'zod';
import type { EventDefinition } from '../events/define-event.js';
import type { JsonSchema } from './json-schema.js';
import { outsidePlainSubset } from './plain-subset.js';

/** What a definition may be built from; anything else means more than its JSON Schema can say. */
const kinds = new Set([
  ...['object', 'array', 'record', 'string', 'number', 'int', 'boolean', 'null'],
  ...['enum', 'literal', 'union', 'optional', 'nullable'],
]);

interface ZodDef {
  type: string;
  coerce?: boolean;
  checks?: { _zod: { def: { check: string } } }[];
}

/**
 * The JSON Schema (2020-12) of an event's current revision, as readers use it: open, so that data of a later revision fits
 * too. Producers are held to exactly the fields it declares. @throws where the definition leaves the plain subset
 */
export function eventSchema(event: EventDefinition): JsonSchema {
  const { schema, faults } = shapeOf(event.readSchema);
  const outside = [...faults, ...outsidePlainSubset(schema)];
  if (outside.length > 0)
    throw new Error(`${event.type} leaves the plain subset of JSON Schema:\n${outside.join('\n')}`);
  const { $schema, ...shape } = schema;
  return {
    ...($schema && { $schema }),
    $id: event.dataschema,
    title: event.type,
    description: event.summary,
    ...shape,
  };
}

/** The schema without the words in it: what data must look like. Two that are equal accept the same. */
export function shapeOnly(schema: JsonSchema): JsonSchema {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => (isText(key, value) ? undefined : value)),
  ) as JsonSchema;
}

// A field may be called `title` as well; then its value is a schema and no text.
function isText(key: string, value: unknown): boolean {
  return (key === 'title' || key === 'description') && typeof value === 'string';
}

function shapeOf(readSchema: z.ZodType): { schema: JsonSchema; faults: string[] } {
  const faults: string[] = [];
  const schema = z.toJSONSchema(readSchema, {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ zodSchema, jsonSchema, path }) => {
      faults.push(...faultsOf(zodSchema._zod.def as ZodDef).map((fault) => `$.${path.join('.')}: ${fault}`));
      tidy(jsonSchema);
    },
  });
  return { schema: schema as JsonSchema, faults };
}

/** What a JSON Schema would keep quiet about. */
function faultsOf({ type, coerce, checks = [] }: ZodDef): string[] {
  const isCustom = type === 'custom' || checks.some((check) => check._zod.def.check === 'custom');
  return [
    ...(kinds.has(type) ? [] : [`${type} is not in the plain subset`]),
    ...(coerce ? ['data is never coerced'] : []),
    ...(isCustom ? ['a rule in code, which no other language would know'] : []),
  ];
}

// zod explains its formats by patterns that change with its versions; the format says the same. Names of maps are strings.
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format !== undefined) delete schema.pattern;
  if (JSON.stringify(schema.propertyNames) === '{"type":"string"}') delete schema.propertyNames;
}
