import type { FastifyRequest } from 'fastify';

/**
 * The address at the service: the declared path with the caller's parameters, encoded anew, and the query as it came.
 * What a caller wrote is never the path itself, so no escape or dot segment leads anywhere else.
 */
export function upstreamPath(pattern: string, request: FastifyRequest): string {
  const target = request.raw.url ?? '';
  const at = target.indexOf('?');
  const query = at === -1 ? '' : target.slice(at);
  if (!pattern.includes('{')) return pattern + query;
  const params = request.params as Record<string, string>;
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')) + query;
}
