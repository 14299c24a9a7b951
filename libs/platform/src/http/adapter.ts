import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemHeaders, toProblem } from '../errors/problem.js';
import { toAppError } from '../errors/to-app-error.js';
import { currentTraceId } from '../tracing/trace-context.js';
import { maxHeaderSize } from './limits.js';

type FastifyOptions = ConstructorParameters<typeof FastifyAdapter>[0];

/** Fastify as every process of the platform uses it; `overrides` are Fastify options of one app. */
export function createAdapter(bodyLimit = 64 * 1024, overrides: object = {}): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit,
    // Logs are ours; Fastify's own request log would name addresses and queries.
    logger: false,
    // While we drain, a request on an open connection is still served: the balancer may not have noticed yet.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: false },
    http: { maxHeaderSize },
    frameworkErrors: answerUnroutable,
    ...overrides,
  } as FastifyOptions) as FastifyAdapter;
}

/** What Fastify's router refuses before there is a route, such as a broken percent-encoding. */
function answerUnroutable(thrown: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  const { error } = toAppError(thrown);
  void reply.status(error.status).headers(problemHeaders(error)).send(toProblem(error, currentTraceId()));
}
