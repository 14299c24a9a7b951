import { boundsLeft } from './bounds.js';
import { type JsonSchema, variantsOf } from './json-schema.js';

/** One way in which two revisions of a schema do not go together. */
export interface Break {
  /** The field, from `$`, the record itself: `$.roles[]`, `$.visibility.*`. */
  path: string;
  rule: 'removed' | 'required' | 'type' | 'literal' | 'format' | 'bound';
  direction: 'new reader, old data' | 'old reader, new data';
  /** For people. */
  what: string;
}

type Refusal = Omit<Break, 'direction'>;

/**
 * Every break between an older and a newer revision of one schema, in both directions; empty when a reader of either
 * understands the data of the other. Readers are open (they ignore fields they do not know), writers are closed (they send
 * declared fields alone): so a new optional field is no break, and next to nothing else is none. For schemas of the plain
 * subset; what it cannot prove it takes for a break.
 */
export function breaksBetween(older: JsonSchema, newer: JsonSchema): Break[] {
  return [
    ...removedFields(older, newer, '$').map(directed('old reader, new data')),
    ...refusals(newer, older, '$').map(directed('new reader, old data')),
    ...refusals(older, newer, '$').map(directed('old reader, new data')),
  ];
}

/**
 * Compares each revision with all older ones, the first being the oldest: a name that was dropped and comes back with another
 * meaning breaks with the revision that had it, not with the last.
 */
export function breaksInHistory(
  revisions: readonly JsonSchema[],
): (Break & { older: number; newer: number })[] {
  return revisions.flatMap((newer, n) =>
    revisions
      .slice(0, n)
      .flatMap((older, o) =>
        breaksBetween(older, newer).map((found) => ({ older: o + 1, newer: n + 1, ...found })),
      ),
  );
}

function directed(direction: Break['direction']): (refusal: Refusal) => Break {
  return ({ path, rule, what }) => ({ path, rule, direction, what });
}

/** What of the writer's data the reader would refuse. */
function refusals(reader: JsonSchema, writer: JsonSchema, path: string): Refusal[] {
  const known = variantsOf(reader);
  return variantsOf(writer).flatMap((sent) => {
    const tries = known.map((variant) => variantRefusals(variant, sent, path));
    // The variant that comes closest is the one that was meant.
    return tries.reduce((best, next) => (rank(next) < rank(best) ? next : best));
  });
}

function rank(found: Refusal[]): number {
  return found.length + (found.some(({ rule }) => rule === 'type') ? 1000 : 0);
}

function variantRefusals(reader: JsonSchema, writer: JsonSchema, path: string): Refusal[] {
  if (!isTypeKnown(reader, writer)) {
    const what = `the reader expects ${typeText(reader)}, the data may be ${typeText(writer)}`;
    return [{ path, rule: 'type', what }];
  }
  return [
    ...literalRefusals(reader, writer, path),
    ...formatRefusals(reader, writer, path),
    ...boundRefusals(reader, writer, path),
    ...objectRefusals(reader, writer, path),
    ...(reader.items && writer.items ? refusals(reader.items, writer.items, `${path}[]`) : []),
  ];
}

function isTypeKnown(reader: JsonSchema, writer: JsonSchema): boolean {
  const [expected, sent] = [typeText(reader), typeText(writer)];
  return expected === sent || expected === 'any' || (expected === 'number' && sent === 'integer');
}

function typeText({ type, ...schema }: JsonSchema): string {
  if (typeof type === 'string') return type;
  const [first] = literalsOf(schema) ?? [];
  return first === null ? 'null' : first === undefined ? 'any' : typeof first;
}

function literalsOf(schema: JsonSchema): unknown[] | undefined {
  return schema.const === undefined ? schema.enum : [schema.const];
}

function literalRefusals(reader: JsonSchema, writer: JsonSchema, path: string): Refusal[] {
  const known = literalsOf(reader);
  if (!known) return [];
  const sent = literalsOf(writer);
  const texts = known.map((value) => JSON.stringify(value));
  const unknown = sent?.map((value) => JSON.stringify(value)).filter((value) => !texts.includes(value));
  if (unknown?.length === 0) return [];
  const may = unknown ? unknown.join(', ') : 'anything';
  return [
    { path, rule: 'literal', what: `the reader knows ${texts.join(', ')}; the data may also hold ${may}` },
  ];
}

function formatRefusals(reader: JsonSchema, writer: JsonSchema, path: string): Refusal[] {
  if (reader.format === undefined || reader.format === writer.format) return [];
  const sent = writer.format ?? 'any text';
  return [{ path, rule: 'format', what: `the reader expects ${reader.format}, the data may be ${sent}` }];
}

function boundRefusals(reader: JsonSchema, writer: JsonSchema, path: string): Refusal[] {
  return boundsLeft(reader, writer).map((what): Refusal => ({ path, rule: 'bound', what }));
}

function objectRefusals(reader: JsonSchema, writer: JsonSchema, path: string): Refusal[] {
  const { properties: known = {}, required = [], additionalProperties: others } = reader;
  const { properties: sent = {}, required: always = [], additionalProperties: anyOther } = writer;
  const missing = required.filter((name) => !always.includes(name));
  const fields = Object.entries(sent).flatMap(([name, field]) => {
    const expected = ownField(known, name) ?? others;
    return expected ? refusals(expected, field, `${path}.${name}`) : [];
  });
  const rest = anyOther
    ? [
        ...(others ? refusals(others, anyOther, `${path}.*`) : []),
        // Among the names of a map there may be any of the reader's own.
        ...Object.entries(known)
          .filter(([name]) => !ownField(sent, name))
          .flatMap(([name, expected]) => refusals(expected, anyOther, `${path}.${name}`)),
      ]
    : [];
  return [
    ...missing.map((name): Refusal => {
      return {
        path: `${path}.${name}`,
        rule: 'required',
        what: 'the reader needs it, the data may lack it',
      };
    }),
    ...fields,
    ...rest,
  ];
}

/** An old reader gets along without an optional field that is gone, but whoever uses it does not. */
function removedFields(older: JsonSchema, newer: JsonSchema, path: string): Refusal[] {
  const after = variantsOf(newer);
  return variantsOf(older).flatMap((before) => {
    const heir = after.find((variant) => isHeir(before, variant));
    return heir ? removedFrom(before, heir, path) : [];
  });
}

function removedFrom(before: JsonSchema, after: JsonSchema, path: string): Refusal[] {
  const fields = Object.entries(before.properties ?? {}).flatMap(([name, field]): Refusal[] => {
    const kept = ownField(after.properties ?? {}, name);
    return kept
      ? removedFields(field, kept, `${path}.${name}`)
      : [{ path: `${path}.${name}`, rule: 'removed', what: 'a field that was there is gone' }];
  });
  const items = before.items && after.items ? removedFields(before.items, after.items, `${path}[]`) : [];
  return [...fields, ...items];
}

/** Of the objects in a union, the one with the same literals. */
function isHeir(before: JsonSchema, after: JsonSchema): boolean {
  const literals = Object.entries(before.properties ?? {}).filter(([, field]) => field.const !== undefined);
  return (
    before.type === after.type &&
    literals.every(([name, field]) => {
      const other = ownField(after.properties ?? {}, name)?.const;
      return other === undefined || other === field.const;
    })
  );
}

// A field may have the name of something that every object inherits.
function ownField(fields: Record<string, JsonSchema>, name: string): JsonSchema | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
