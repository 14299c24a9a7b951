import { requestErrors } from '@nest-arch/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allowedMethods } from '../routes/route.js';
import { routeErrors } from '../routes/routes.errors.js';
import { publicRoutes } from '../routes/routes.js';

/** Answers what no route takes: 405 with Allow where another method would do, else 404. */
export function answerUnknownRoutes(fastify: FastifyInstance): void {
  fastify.all('/*', (request) => {
    throw refusal(request);
  });
}

function refusal(request: FastifyRequest) {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = allowedMethods(publicRoutes, path);
  if (allowed.length === 0) return routeErrors.notFound();
  return requestErrors.methodNotAllowed(undefined, { headers: { allow: allowed.join(', ') } });
}
