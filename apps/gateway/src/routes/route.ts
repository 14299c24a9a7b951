import type { AccessRule } from '@nest-arch/platform';

export type UpstreamName = 'auth' | 'profile' | 'notification' | 'analytics';
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Route {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/users/{id}`. */
  readonly path: string;
  readonly access: AccessRule;
}

/** A route that a service answers. */
export interface ProxiedRoute extends Route {
  readonly upstream: UpstreamName;
  /** `call`: one answer within the deadline. `stream`: server-sent events without end. */
  readonly kind: 'call' | 'stream';
  /** Milliseconds for the whole answer; of a stream, for its beginning. */
  readonly deadlineMs: number;
  /** Most bytes of the body; 0 where there is none. */
  readonly bodyLimit: number;
  /** The answer may hold secrets: no cache keeps it. */
  readonly noStore: boolean;
}

/** A route that the gateway answers itself. */
export interface LocalRoute extends Route {
  readonly upstream: 'gateway';
}

export type PublicRoute = ProxiedRoute | LocalRoute;

/** Fastify's spelling of a path. */
export function routerPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** The methods that a request path takes; empty when nothing is there. */
export function allowedMethods(routes: readonly PublicRoute[], path: string): string[] {
  return [...new Set(routes.filter((route) => matches(route.path, path)).flatMap(methodsOf))];
}

/** HEAD comes with every GET, except that of a stream: it would hold one open to say nothing. */
export function methodsOf(route: PublicRoute): string[] {
  const isStream = route.upstream !== 'gateway' && route.kind === 'stream';
  return route.method === 'GET' && !isStream ? ['GET', 'HEAD'] : [route.method];
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return false;
  return wanted.every((part, index) => (part.startsWith('{') ? given[index] !== '' : part === given[index]));
}
