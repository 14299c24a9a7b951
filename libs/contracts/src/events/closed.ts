import { z } from 'zod';

/** The same shape in which no object, at any depth, may have a field that is not declared. */
export function closed(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.ZodType>);
    return z.strictObject(Object.fromEntries(fields.map(([name, field]) => [name, closed(field)])));
  }
  if (schema instanceof z.ZodArray) return withDef(schema, { element: closed(schema.element as z.ZodType) });
  if (schema instanceof z.ZodRecord)
    return withDef(schema, { valueType: closed(schema.valueType as z.ZodType) });
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return withDef(schema, { innerType: closed(schema.unwrap() as z.ZodType) });
  if (schema instanceof z.ZodUnion)
    return withDef(schema, { options: (schema.options as z.ZodType[]).map(closed) });
  return schema;
}

// A clone keeps what else is said of the shape, such as the length of a list.
function withDef(schema: z.ZodType, changed: object): z.ZodType {
  return schema.clone({ ...schema.def, ...changed } as typeof schema.def);
}
