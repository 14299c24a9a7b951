import type { JsonSchema } from './json-schema.js';
import { variantsOf } from './json-schema.js';

/** What validators and generators of every language read the same way, and what can be compared without doubt. */
const keywords = new Set([
  ...['$schema', '$id', 'title', 'description', 'type', 'const', 'enum', 'format'],
  ...['minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['items', 'minItems', 'maxItems', 'properties', 'required', 'additionalProperties', 'anyOf', 'oneOf'],
]);
const formats = new Set(['uuid', 'date-time', 'date', 'email', 'uri']);

/**
 * What in a schema lies outside the plain subset, each with its path; empty for a good one. Inside are objects (open, or
 * maps from any name to one shape), arrays, scalars with bounds, enums, literals, a few formats, null, and unions of
 * literals or of objects that a literal tells apart.
 */
export function outsidePlainSubset(schema: JsonSchema, path = '$'): string[] {
  const unknown = Object.keys(schema).filter((keyword) => !keywords.has(keyword));
  return [
    ...unknown.map((keyword) => `${path}: ${keyword} is not in the plain subset`),
    ...(schema.format === undefined || formats.has(schema.format)
      ? []
      : [`${path}: format ${schema.format} is not in the plain subset`]),
    ...untyped(schema, path),
    ...unclearUnion(schema, path),
    ...childrenOf(schema, path).flatMap(([inner, child]) => outsidePlainSubset(child, inner)),
  ];
}

function childrenOf(schema: JsonSchema, path: string): [string, JsonSchema][] {
  const { properties = {}, items, additionalProperties, anyOf = [], oneOf = [] } = schema;
  return [
    ...Object.entries(properties).map(([name, child]): [string, JsonSchema] => [`${path}.${name}`, child]),
    ...(items ? [[`${path}[]`, items] as [string, JsonSchema]] : []),
    ...(typeof additionalProperties === 'object'
      ? [[`${path}.*`, additionalProperties] as [string, JsonSchema]]
      : []),
    ...[...anyOf, ...oneOf].map((child, index): [string, JsonSchema] => [`${path}|${index}`, child]),
  ];
}

function untyped(schema: JsonSchema, path: string): string[] {
  if (typeof schema.additionalProperties === 'boolean')
    return [`${path}: an object that is closed to readers`];
  const isUnion = schema.anyOf !== undefined || schema.oneOf !== undefined;
  const isLiteral = schema.const !== undefined || schema.enum !== undefined;
  return schema.type === undefined && !isUnion && !isLiteral ? [`${path}: without a type`] : [];
}

// Nullable is a union too, but nobody can take null for the other variant.
function unclearUnion(schema: JsonSchema, path: string): string[] {
  const variants = variantsOf(schema).filter(({ type }) => type !== 'null');
  if (variants.length < 2 || variants.every(isLiteralVariant)) return [];
  const tags = variants.map(tagsOf);
  const isTold = tags[0]?.some((tag) => {
    const values = tags.map((own) => own.find(([name]) => name === tag[0])?.[1]);
    return !values.includes(undefined) && new Set(values).size === values.length;
  });
  return isTold ? [] : [`${path}: a union whose variants no literal tells apart`];
}

function isLiteralVariant(schema: JsonSchema): boolean {
  return schema.const !== undefined || schema.enum !== undefined;
}

/** The required literals of an object: name and value. */
function tagsOf({ type, properties = {}, required = [] }: JsonSchema): [string, string][] {
  if (type !== 'object') return [];
  return required.flatMap((name): [string, string][] => {
    const literal = properties[name]?.const;
    return literal === undefined ? [] : [[name, JSON.stringify(literal)]];
  });
}
