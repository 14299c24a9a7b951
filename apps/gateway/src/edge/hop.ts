import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { HealthRegistry } from '@nest-arch/platform';
import type { FastifyReply } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { type Origin, TrustedProxies } from './trusted-proxies.js';

/** What concerns the connection to the caller, not the request on it. */
@Injectable()
export class Hop {
  private readonly proxies: TrustedProxies;
  private readonly hasCors: boolean;

  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    private readonly health: HealthRegistry,
  ) {
    this.proxies = new TrustedProxies(config.TRUSTED_PROXIES);
    this.hasCors = config.CORS_ORIGINS.length > 0;
  }

  originOf(request: IncomingMessage): Origin {
    return this.proxies.originOf(request);
  }

  /** Removes what only a trusted balancer may say. */
  strip(request: IncomingMessage): void {
    this.proxies.strip(request);
  }

  /** What CORS has put on the reply, and the farewell while we drain. */
  headersFor(reply: FastifyReply): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.hasCors) Object.assign(headers, reply.getHeaders());
    if (this.health.isDraining) headers.connection = 'close';
    return headers;
  }
}
