import type { JsonSchema } from './json-schema.js';

const lower = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'] as const;
const upper = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'] as const;

/** The bounds of `reader` that data within the bounds of `writer` may leave, in words. */
export function boundsLeft(reader: JsonSchema, writer: JsonSchema): string[] {
  const [expected, sent] = [wholeBounds(reader), wholeBounds(writer)];
  const left = [
    ...lower.filter((name) => (expected[name] ?? -Infinity) > (sent[name] ?? -Infinity)),
    ...upper.filter((name) => (expected[name] ?? Infinity) < (sent[name] ?? Infinity)),
  ];
  return left.map(
    (name) => `the reader expects ${name} ${expected[name]}, the data has ${sent[name] ?? 'none'}`,
  );
}

// Above 0 and at least 1 is the same for whole numbers.
function wholeBounds(schema: JsonSchema): JsonSchema {
  const { exclusiveMinimum: above, exclusiveMaximum: below, ...rest } = schema;
  if (schema.type !== 'integer') return schema;
  return {
    ...rest,
    ...(above !== undefined && { minimum: Math.max(above + 1, schema.minimum ?? -Infinity) }),
    ...(below !== undefined && { maximum: Math.min(below - 1, schema.maximum ?? Infinity) }),
  };
}
