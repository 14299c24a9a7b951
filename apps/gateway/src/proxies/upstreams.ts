import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import type { ProxiedRoute, UpstreamName } from '../routes/route.js';
import { watchLoad } from './metrics.js';
import { Upstream } from './upstream.js';

/** The services behind the gateway. Streams have lanes of their own, so that they never take a place from a call. */
@Injectable()
export class Upstreams implements OnApplicationShutdown {
  private readonly calls: Readonly<Record<UpstreamName, Upstream>>;
  private readonly streams: Readonly<Record<UpstreamName, Upstream>>;

  constructor(@Inject(GATEWAY_CONFIG) config: GatewayConfig) {
    const urls = {
      auth: config.AUTH_URL,
      profile: config.PROFILE_URL,
      notification: config.NOTIFICATION_URL,
      analytics: config.ANALYTICS_URL,
    };
    const each = (connections: number, queue: number) =>
      Object.fromEntries(
        Object.entries(urls).map(([name, url]) => [
          name,
          new Upstream(name as UpstreamName, url, { connections, queue }),
        ]),
      ) as Record<UpstreamName, Upstream>;
    this.calls = each(config.UPSTREAM_CONNECTIONS, config.UPSTREAM_QUEUE);
    this.streams = each(config.MAX_STREAMS, 0);
    watchLoad(this.calls, this.streams);
  }

  of(route: Pick<ProxiedRoute, 'upstream' | 'kind'>): Upstream {
    return (route.kind === 'stream' ? this.streams : this.calls)[route.upstream];
  }

  get all(): readonly Upstream[] {
    return Object.values(this.calls);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(
      [...Object.values(this.calls), ...Object.values(this.streams)].map((each) => each.close()),
    );
  }
}
