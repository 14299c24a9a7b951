import { isDeepStrictEqual } from 'node:util';
import { proxyErrors } from '../proxies/proxies.errors.js';
import type { ProxiedRoute, UpstreamName } from '../routes/route.js';
import { sessionErrors } from '../sessions/sessions.errors.js';
import {
  type OpenApiDocument,
  type Operation,
  type Schemas,
  referencedSchemas,
  renameSchemas,
} from './open-api.js';

export interface MergeOptions {
  readonly version: string;
  readonly serverUrl: string;
  readonly routes: readonly ProxiedRoute[];
}

const administration = { name: 'Administration', description: 'Figures and repairs, for administrators' };

const areas: Record<UpstreamName, { name: string; description: string }> = {
  auth: { name: 'Sign-up and sign-in', description: 'Accounts, sessions and keys' },
  profile: { name: 'People', description: 'Profiles' },
  notification: { name: 'Notifications', description: 'The inbox and its live stream' },
  analytics: administration,
};

/**
 * One document from those of the services: what the route table opens and a service describes. Schemas of the same name
 * and different content get the service's name in front.
 */
export function mergeDescriptions(
  documents: ReadonlyMap<UpstreamName, OpenApiDocument>,
  { version, serverUrl, routes }: MergeOptions,
): OpenApiDocument & Record<string, unknown> {
  const schemas: Schemas = {};
  const paths: NonNullable<OpenApiDocument['paths']> = {};
  for (const [upstream, document] of documents) {
    const own = renameSchemas(document, adoptSchemas(schemas, document, upstream));
    for (const route of routes.filter((each) => each.upstream === upstream)) {
      const operation = own.paths?.[route.path]?.[route.method.toLowerCase()];
      if (operation) (paths[route.path] ??= {})[route.method.toLowerCase()] = describe(operation, route);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'nest-arch',
      version,
      description:
        'User platform: sign-up, sign-in, profiles and notifications. Errors are RFC 9457 problems. ' +
        'What services announce over Kafka is described as [AsyncAPI 3.0](/asyncapi.json).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    tags: [...new Set([...[...documents.keys()].map((upstream) => areas[upstream]), administration])],
    paths,
    components: {
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'From sign-in' },
      },
      schemas: withReferenced(schemas, paths),
    },
  };
}

/** Takes the document's schemas over and answers under which new names, where one was taken. */
function adoptSchemas(all: Schemas, document: OpenApiDocument, upstream: UpstreamName): Map<string, string> {
  const names = new Map<string, string>();
  const own = document.components?.schemas ?? {};
  for (const [name, schema] of Object.entries(own)) {
    const taken = name in all && !isDeepStrictEqual(all[name], schema);
    if (taken) names.set(name, `${upstream[0]?.toUpperCase()}${upstream.slice(1)}${name}`);
  }
  for (const [name, schema] of Object.entries(own))
    all[names.get(name) ?? name] = renameSchemas(schema, names);
  return names;
}

function describe(operation: Operation, route: ProxiedRoute): Operation {
  const isOpen = route.access.kind === 'public';
  return {
    ...operation,
    operationId: operation.operationId ?? `${route.method.toLowerCase()}${route.path.replace(/\W+/g, '_')}`,
    tags: [(route.path.startsWith('/v1/admin/') ? administration : areas[route.upstream]).name],
    security: isOpen ? [] : [{ accessToken: [] }],
    responses: { ...gatewayResponses(isOpen), ...operation.responses },
  };
}

/** What the gateway itself may answer on a route. */
function gatewayResponses(isOpen: boolean): Record<string, unknown> {
  const { busy, upstreamFailed, upstreamTimeout, upstreamUnavailable } = proxyErrors;
  const unavailable = isOpen
    ? [busy, upstreamUnavailable]
    : [busy, upstreamUnavailable, sessionErrors.uncheckable];
  return Object.fromEntries(
    [[upstreamFailed], unavailable, [upstreamTimeout]].map((factories) => [
      String(factories[0]?.declaration.status),
      {
        description: factories
          .map(({ declaration }) => `\`${declaration.code}\`: ${declaration.title}`)
          .join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

/** Only what the paths lead to: internal shapes are nobody's business. */
function withReferenced(schemas: Schemas, paths: unknown): Schemas {
  const wanted = referencedSchemas(paths);
  for (const name of wanted) for (const inner of referencedSchemas(schemas[name])) wanted.add(inner);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => wanted.has(name)));
}
