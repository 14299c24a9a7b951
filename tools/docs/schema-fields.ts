// A JSON Schema of the contracts as rows of a table.
import type { JsonSchema } from '@nest-arch/contracts';

/** One row for each field: name, type in words, whether it is always there. Fields of objects follow with a dot. */
export function fieldRows({ properties = {}, required = [] }: JsonSchema, path = ''): string[] {
  return Object.entries(properties).flatMap(([name, field]) => [
    `| \`${path}${name}\` | ${typeText(field)} | ${required.includes(name) ? 'yes' : 'no'} |`,
    ...fieldRows(field, `${path}${name}.`),
  ]);
}

function typeText(field: JsonSchema): string {
  const variants = field.anyOf ?? field.oneOf;
  if (variants) return variants.map(typeText).join(' or ');
  const literals = field.const === undefined ? field.enum : [field.const];
  if (literals) return literals.map((value) => `\`${String(value)}\``).join(', ');
  const types = [field.type ?? 'anything'].flat();
  return types.map((type) => scalarText(type, field)).join(' or ');
}

function scalarText(type: string, field: JsonSchema): string {
  if (type === 'array')
    return `list of ${field.items ? typeText(field.items) : 'anything'}${boundText(field)}`;
  if (type === 'object' && field.additionalProperties)
    return `map of names to ${typeText(field.additionalProperties)}`;
  const isPlain = type === 'null' || !field.format;
  const words = field.description === undefined ? '' : `: ${field.description}`;
  return `${type}${isPlain ? '' : ` (${field.format})`}${boundText(field)}${words}`;
}

function boundText({ minLength, minItems, minimum, exclusiveMinimum }: JsonSchema): string {
  if (minLength !== undefined) return `, at least ${minLength} characters`;
  if (minItems !== undefined) return `, at least ${minItems}`;
  if (exclusiveMinimum !== undefined) return `, above ${exclusiveMinimum}`;
  return minimum === undefined ? '' : `, at least ${minimum}`;
}
