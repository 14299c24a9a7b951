import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { Upstreams } from '../proxies/upstreams.js';
import type { Upstream } from '../proxies/upstream.js';
import type { UpstreamName } from '../routes/route.js';
import { proxiedRoutes } from '../routes/routes.js';
import { gatewayVersion } from '../version.js';
import { mergeDescriptions } from './merge.js';
import type { OpenApiDocument } from './open-api.js';

export interface RenderedDescription {
  readonly body: string;
  readonly etag: string;
}

const freshMs = 30_000;
/** A service did not answer: ask again soon. */
const incompleteMs = 2_000;

/** The API description, merged from the services' own and kept for a short time. */
@Injectable()
export class ApiDescription {
  private readonly logger = new Logger('ApiDescription');
  /** The last good answer of each service outlives its absence. */
  private readonly documents = new Map<UpstreamName, OpenApiDocument>();
  private rendered: Promise<RenderedDescription> | undefined;
  private staleAt = 0;

  constructor(
    private readonly upstreams: Upstreams,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  render(): Promise<RenderedDescription> {
    if (this.rendered && Date.now() < this.staleAt) return this.rendered;
    this.staleAt = Date.now() + freshMs;
    const rendered = this.merge();
    this.rendered = rendered;
    // A failure is for those who wait for it now; who comes next tries again.
    rendered.catch(() => {
      if (this.rendered === rendered) this.rendered = undefined;
    });
    return rendered;
  }

  private async merge(): Promise<RenderedDescription> {
    const answers = await Promise.all(this.upstreams.all.map((upstream) => this.refresh(upstream)));
    if (answers.includes(false)) this.staleAt = Date.now() + incompleteMs;
    // In the order of the upstreams, whoever answered first.
    const known = this.upstreams.all.flatMap(({ name }) => {
      const document = this.documents.get(name);
      return document ? [[name, document] as const] : [];
    });
    const merged = mergeDescriptions(new Map(known), {
      version: gatewayVersion,
      serverUrl: this.config.PUBLIC_URL ?? '/',
      routes: proxiedRoutes,
    });
    const body = JSON.stringify(merged);
    return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
  }

  private async refresh({ name, pool }: Upstream): Promise<boolean> {
    try {
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: '/openapi.json',
        headersTimeout: 2_000,
        bodyTimeout: 2_000,
      });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
      this.documents.set(name, JSON.parse(text) as OpenApiDocument);
      return true;
    } catch (error) {
      this.logger.warn({ err: error, upstream: name }, 'No API description');
      return false;
    }
  }
}
