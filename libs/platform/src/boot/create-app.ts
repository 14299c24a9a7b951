import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessGuard } from '../access/access.guard.js';
import { assertAccessDeclared } from '../access/route-list.js';
import { TokenVerifier } from '../access/token-verifier.js';
import { VerifiedTokens } from '../access/verified-tokens.js';
import { Clock } from '../clock.js';
import type { BaseConfig } from '../config/base-config.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import { HealthRegistry } from '../health/health-registry.js';
import { createAdapter } from '../http/adapter.js';
import { refuseLateRequests } from '../http/deadline.js';
import { parseJsonBodies } from '../http/json-body.js';
import { measureRequests } from '../http/request-metrics.js';
import { traceRequests } from '../http/request-trace.js';
import { ValidationPipe } from '../http/validation.pipe.js';
import { createLogger } from '../logging/logger.js';
import { createOpenApi } from '../openapi/document.js';

export interface AppOptions {
  /** Short name: gateway, auth, … */
  readonly name: string;
  readonly module: Type | DynamicModule;
  readonly config: Readonly<BaseConfig>;
  readonly bodyLimit?: number;
  /** An adapter of the app's own, from `createAdapter`. */
  readonly adapter?: FastifyAdapter;
  /** Event servers of the app, made when its providers are there. */
  readonly strategies?: (app: NestFastifyApplication) => CustomTransportStrategy[];
  /** False where the app answers /openapi.json itself. */
  readonly openApi?: boolean;
  /** False where callers are outsiders: what they say of their deadline is nothing to us. */
  readonly heedDeadlines?: boolean;
}

/** The app with everything every process of the platform has, not listening yet. */
export async function createApp(options: AppOptions): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    options.module,
    options.adapter ?? createAdapter(options.bodyLimit),
    {
      logger: createLogger(options.name, options.config),
      bodyParser: false,
      abortOnError: false,
      forceCloseConnections: false,
    },
  );
  try {
    equip(app, options);
  } catch (error) {
    // Pools and clients are open by now; a boot that fails must not keep the process alive.
    await app.close();
    throw error;
  }
  return app;
}

function equip(app: NestFastifyApplication, options: AppOptions): void {
  const fastify = app.getHttpAdapter().getInstance();
  parseJsonBodies(fastify as never);
  traceRequests(fastify as never);
  measureRequests(fastify as never);
  if (options.heedDeadlines !== false) refuseLateRequests(fastify as never);
  closeConnectionsWhileDraining(app);
  closeUnusedConnectionsAtTheEnd(app);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  const tokens = new VerifiedTokens(app.get(TokenVerifier), app.get(Clock));
  app.useGlobalGuards(new AccessGuard(app.get(Reflector), tokens, options.config.INTERNAL_API_TOKEN));
  assertAccessDeclared(app);
  for (const strategy of options.strategies?.(app) ?? []) app.connectMicroservice({ strategy });
  if (options.openApi !== false) serveOpenApi(app, options.name);
}

/** While we drain, tell clients to open their next connection elsewhere. */
function closeConnectionsWhileDraining(app: NestFastifyApplication): void {
  const health = app.get(HealthRegistry);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', async (_request, reply) => {
      if (health.isDraining) void reply.header('connection', 'close');
    });
}

/**
 * Node's server waits at its end for connections on which no request has come yet; a balancer opens such ones ahead.
 */
function closeUnusedConnectionsAtTheEnd(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const unused = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  fastify.server.on('request', (request: IncomingMessage) => unused.delete(request.socket));
  fastify.addHook('preClose', async () => {
    for (const socket of unused) socket.destroy();
  });
}

// Made on the first request: nobody waits for it at boot, and most replicas are never asked.
function serveOpenApi(app: NestFastifyApplication, name: string): void {
  let document: string | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/openapi.json', (_request, reply) => {
      document ??= JSON.stringify(createOpenApi(app, `nest-arch ${name}`));
      void reply.type('application/json').send(document);
    });
}
