import { Injectable, Logger } from '@nestjs/common';
import { type Caller, toAppError } from '@nest-arch/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Hop } from '../edge/hop.js';
import { writeProblem } from '../edge/problems.js';
import { type RequestIds, idsOf } from '../edge/request-ids.js';
import { securityHeaders } from '../edge/security-headers.js';
import type { ProxiedRoute } from '../routes/route.js';
import { Gatekeeper } from '../sessions/gatekeeper.js';
import { OpenStreams } from '../streams/open-streams.js';
import { Exchange } from './exchange.js';
import { FailureLog } from './failure-log.js';
import { callerHeaders, upstreamHeaders } from './headers.js';
import { proxyFailures } from './metrics.js';
import { upstreamPath } from './upstream-path.js';
import { Upstreams } from './upstreams.js';

/** One request on its way through. */
interface Passage {
  readonly route: ProxiedRoute;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly ids: RequestIds;
}

/** Passes requests on to the services and their answers back. */
@Injectable()
export class Proxy {
  private readonly logger = new Logger('Proxy');
  private readonly failures = new FailureLog();

  constructor(
    private readonly gatekeeper: Gatekeeper,
    private readonly upstreams: Upstreams,
    private readonly streams: OpenStreams,
    private readonly hop: Hop,
  ) {}

  /** The handler of a route. It takes the reply over: Fastify's own way of sending costs a third of the time. */
  handlerOf(route: ProxiedRoute): (request: FastifyRequest, reply: FastifyReply) => void {
    return (request, reply) => {
      reply.hijack();
      const passage = { route, request, reply, ids: idsOf(request.raw.headers) };
      try {
        this.admit(passage);
      } catch (error) {
        this.refuse(passage, error);
      }
    };
  }

  private admit(passage: Passage): void {
    const { route, request } = passage;
    if (route.access.kind === 'public') return this.pass(passage);
    const caller = this.gatekeeper.admit(request.raw.headers.authorization, route.access);
    if (!(caller instanceof Promise)) return this.pass(passage, caller);
    caller.then((known) => this.pass(passage, known)).catch((error: unknown) => this.refuse(passage, error));
  }

  private pass(passage: Passage, caller?: Caller): void {
    const { route, request, reply, ids } = passage;
    // Gone while the token was looked at: no `close` will come any more to end an exchange.
    if (reply.raw.destroyed) return;
    const origin = this.hop.originOf(request.raw);
    const endless = route.kind === 'stream';
    const exchange: Exchange = new Exchange({
      lane: this.upstreams.of(route),
      request: {
        method: request.raw.method as string,
        path: upstreamPath(route.path, request),
        headers: upstreamHeaders(request.raw.headers, { ids, origin }),
        body: Buffer.isBuffer(request.body) ? request.body : null,
      },
      response: reply.raw,
      deadlineMs: route.deadlineMs,
      endless,
      answer: (status, upstream) => {
        if (endless && status === 200 && caller) this.streams.open(exchange, caller);
        return callerHeaders(upstream, this.ourHeaders(passage));
      },
      fail: (error) => this.refuse(passage, error),
      ...(endless && { settled: () => this.streams.forget(exchange) }),
    });
    exchange.start();
  }

  private refuse(passage: Passage, thrown: unknown): void {
    const { route, reply, ids } = passage;
    const { error, unexpected } = toAppError(thrown);
    if (unexpected) this.logger.error({ err: thrown, traceId: ids.traceId }, 'Request failed');
    else if (error.status >= 500)
      this.failures.add(error, { upstream: route.upstream, traceId: ids.traceId });
    if (error.status >= 500) proxyFailures.inc({ upstream: route.upstream, code: error.code });
    if (reply.raw.headersSent || reply.raw.destroyed) return void reply.raw.destroy();
    writeProblem(reply.raw, error, ids, this.hop.headersFor(reply));
  }

  private ourHeaders({ route, reply, ids }: Passage): Record<string, string> {
    return {
      ...securityHeaders,
      'x-request-id': ids.requestId,
      ...(route.noStore && { 'cache-control': 'no-store' }),
      ...this.hop.headersFor(reply),
    };
  }
}
