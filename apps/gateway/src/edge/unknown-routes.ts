import { requestErrors } from '@nest-arch/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allowedMethods } from '../routes/route.js';
import { routeErrors } from '../routes/routes.errors.js';
import { publicRoutes } from '../routes/routes.js';

/**
 * Answers what no route takes: 405 with Allow where another method would do, else 404.
 *
 * @param methods those that nothing else answers at every address
 */
export function answerUnknownRoutes(fastify: FastifyInstance, methods: readonly string[]): void {
  fastify.route({
    method: [...methods],
    url: '/*',
    exposeHeadRoute: false,
    handler: (request) => {
      throw refusal(request);
    },
  });
}

function refusal({ method, url }: FastifyRequest) {
  const path = url.split('?', 1)[0] ?? '';
  const allowed = allowedMethods(publicRoutes, path);
  if (allowed.length === 0) return routeErrors.notFound();
  // There is such a route, and yet the router passed it by: a parameter is longer than it reads.
  if (allowed.includes(method)) return requestErrors.uriTooLong();
  return requestErrors.methodNotAllowed(undefined, { headers: { allow: allowed.join(', ') } });
}
