import { Inject, Injectable } from '@nestjs/common';
import cors from '@fastify/cors';
import { currentTraceId } from '@nest-arch/platform';
import type { FastifyInstance } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { ApiDescription } from '../descriptions/api-description.js';
import { serveDocs } from '../descriptions/docs.js';
import { serveEventDescription } from '../descriptions/event-description.js';
import { servePages } from '../pages/pages.js';
import { keepJsonBodies, refuseBody } from '../proxies/json-bodies.js';
import { Proxy } from '../proxies/proxy.js';
import { type ProxiedRoute, methodsOf, routerPath } from '../routes/route.js';
import { proxiedRoutes } from '../routes/routes.js';
import { Hop } from './hop.js';
import { answerExpectation } from './problems.js';
import { requestIdOf } from './request-ids.js';
import { refuseBadTargets, routeAsterisk } from './request-target.js';
import { securityHeaders } from './security-headers.js';
import { answerUnknownRoutes } from './unknown-routes.js';

/**
 * Puts the declared routes on Fastify itself: a controller's guards, pipes and filters would cost more than all the rest
 * of a proxied read.
 */
@Injectable()
export class Edge {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly hop: Hop,
    private readonly proxy: Proxy,
    private readonly description: ApiDescription,
  ) {}

  /** To be called before the app listens. */
  register(fastify: FastifyInstance): void {
    // Before any hook: platform's tracing continues what it finds.
    fastify.server.prependListener('request', (request) => {
      this.hop.strip(request);
      routeAsterisk(request);
    });
    fastify.server.on('checkExpectation', answerExpectation);
    this.addHooks(fastify);
    void fastify.register(async (scope) => this.addProxiedRoutes(scope));
    servePages(fastify);
    serveDocs(fastify, this.description);
    serveEventDescription(fastify);
    // With CORS, OPTIONS is its own everywhere.
    const isFree = (method: string) => method !== 'OPTIONS' || this.config.CORS_ORIGINS.length === 0;
    answerUnknownRoutes(fastify, fastify.supportedMethods.filter(isFree));
  }

  private addHooks(fastify: FastifyInstance): void {
    if (this.config.CORS_ORIGINS.length > 0)
      void fastify.register(cors, corsOptions(this.config.CORS_ORIGINS));
    refuseBadTargets(fastify);
    // For what Fastify sends; proxied answers bring theirs along.
    fastify.addHook('onSend', async (request, reply) => {
      const { headers } = request.raw;
      for (const [name, value] of Object.entries(securityHeaders))
        if (!reply.hasHeader(name)) void reply.header(name, value);
      void reply.header('x-request-id', requestIdOf(headers, currentTraceId()));
    });
  }

  private addProxiedRoutes(scope: FastifyInstance): void {
    keepJsonBodies(scope);
    for (const declared of proxiedRoutes) {
      const route = this.limit(declared);
      scope.route({
        method: route.method,
        url: routerPath(route.path),
        ...(route.bodyLimit === 0 && { onRequest: refuseBody }),
        // Fastify wants at least one byte.
        bodyLimit: Math.max(1, route.bodyLimit),
        exposeHeadRoute: methodsOf(route).includes('HEAD'),
        config: { access: route.access },
        handler: this.proxy.handlerOf(route),
      });
    }
  }

  // What the table allows, within what this installation allows.
  private limit(route: ProxiedRoute): ProxiedRoute {
    return {
      ...route,
      bodyLimit: Math.min(route.bodyLimit, this.config.BODY_LIMIT_BYTES),
      deadlineMs: Math.min(route.deadlineMs, this.config.MAX_DEADLINE_MS),
    };
  }
}

function corsOptions(origins: readonly string[]) {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'last-event-id',
      'x-request-id',
    ],
    exposedHeaders: ['etag', 'location', 'retry-after', 'x-request-id'],
    maxAge: 600,
    // Else it answers an OPTIONS that is no preflight with a plain text of its own.
    strictPreflight: false,
  };
}
