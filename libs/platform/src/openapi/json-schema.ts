import { z } from 'zod';

/** JSON Schema 2020-12, as OpenAPI 3.1 has it, of what goes in (`input`) or comes out (`output`). */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  });
  return rest;
}
