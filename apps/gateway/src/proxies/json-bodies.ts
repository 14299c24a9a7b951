import { isUtf8 } from 'node:buffer';
import { requestErrors } from '@nest-arch/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { routeErrors } from '../routes/routes.errors.js';

const jsonTypes = ['application/json', 'application/merge-patch+json'];

/**
 * Bodies are passed on as they came, but only JSON in UTF-8: a service need not be bothered with less. Each service
 * checks its fields itself.
 */
export function keepJsonBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(jsonTypes, { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') return done(requestErrors.unsupportedMediaType());
    if (bytes.length > 0 && !isJson(bytes)) return done(requestErrors.malformedBody());
    done(null, bytes);
  });
}

function isJson(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false;
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** Hook of the routes that take no body: a body there is somebody's mistake, or the start of a smuggled request. */
export function refuseBody(
  { raw }: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const length = raw.headers['content-length'];
  const hasBody = raw.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (hasBody) return done(routeErrors.unexpectedBody());
  done();
}
