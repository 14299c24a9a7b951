/** As much of an OpenAPI 3.1 document as merging has to know. */
export interface OpenApiDocument {
  openapi?: string;
  paths?: Record<string, Record<string, Operation>>;
  components?: Record<string, Record<string, unknown>>;
}

export interface Operation {
  operationId?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  responses?: Record<string, unknown>;
  [key: string]: unknown;
}

export type Schemas = Record<string, unknown>;

const schemaRef = '#/components/schemas/';

/** Names of the schemas that `node` refers to, at any depth. */
export function referencedSchemas(node: unknown, found = new Set<string>()): Set<string> {
  if (typeof node !== 'object' || node === null) return found;
  const { $ref } = node as { $ref?: unknown };
  if (typeof $ref === 'string' && $ref.startsWith(schemaRef)) found.add($ref.slice(schemaRef.length));
  for (const inner of Object.values(node)) referencedSchemas(inner, found);
  return found;
}

/** A copy of `node` that refers to schemas by their new names. */
export function renameSchemas<T>(node: T, names: ReadonlyMap<string, string>): T {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((inner: unknown) => renameSchemas(inner, names)) as T;
  return Object.fromEntries(
    Object.entries(node).map(([key, inner]) => [
      key,
      key === '$ref' ? renamed(inner, names) : renameSchemas(inner, names),
    ]),
  ) as T;
}

function renamed(ref: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof ref !== 'string' || !ref.startsWith(schemaRef)) return ref;
  const name = ref.slice(schemaRef.length);
  return schemaRef + (names.get(name) ?? name);
}
