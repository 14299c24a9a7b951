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

/** The methods declared for a request path, HEAD with every GET; empty when nothing is there. */
export function allowedMethods(routes: readonly PublicRoute[], path: string): string[] {
  const methods = routes.filter((route) => matches(route.path, path)).map((route) => route.method);
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return false;
  return wanted.every((part, index) => (part.startsWith('{') ? given[index] !== '' : part === given[index]));
}
