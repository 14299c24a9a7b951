import type { IncomingMessage } from 'node:http';
import { requestErrors } from '@nest-arch/platform';
import type { FastifyInstance } from 'fastify';

/** Characters of path and query together. */
export const maxTargetLength = 8 * 1024;

/**
 * Refuses addresses that a service could read otherwise than we do: too long, outside of ASCII, with a fragment, with
 * escapes that are no UTF-8, or with NUL. (Fastify looks at the path's escapes alone.) And an HTTP/1.1 request without a
 * host (RFC 9112 section 3.2), which Node would refuse without a word.
 */
export function refuseBadTargets(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const target = request.raw.url ?? '';
    if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1')
      return done(requestErrors.malformed('A Host header is needed'));
    if (target.length > maxTargetLength) return done(requestErrors.uriTooLong());
    if (!isReadable(target)) return done(requestErrors.malformed());
    done();
  });
}

/**
 * `OPTIONS *` is about no address at all (RFC 9110 section 9.3.7). Fastify's router takes nothing without a slash, and answers it
 * past all hooks; with one it is an address that is not there.
 */
export function routeAsterisk(request: IncomingMessage): void {
  if (request.url === '*') request.url = '/*';
}

const forbidden = /[^\u0021-\u007e]|#|%00/;

function isReadable(target: string): boolean {
  if (forbidden.test(target)) return false;
  if (!target.includes('%')) return true;
  try {
    decodeURIComponent(target);
    return true;
  } catch {
    return false;
  }
}
