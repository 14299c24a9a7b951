import { type DynamicModule, Module } from '@nestjs/common';
import { PlatformModule } from '@nest-arch/platform';
import { GATEWAY_CONFIG, type GatewayConfig } from './config.js';
import { ApiDescription } from './descriptions/api-description.js';
import { Edge } from './edge/edge.js';
import { Proxy } from './proxies/proxy.js';
import { Upstreams } from './proxies/upstreams.js';
import { Gatekeeper } from './sessions/gatekeeper.js';
import { RevocationFeed } from './sessions/revocation-feed.js';
import { SessionCheck } from './sessions/session-check.js';
import { OpenStreams } from './streams/open-streams.js';

@Module({})
export class AppModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot(config)],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        RevocationFeed,
        SessionCheck,
        Gatekeeper,
        OpenStreams,
        Upstreams,
        Proxy,
        ApiDescription,
        Edge,
      ],
    };
  }
}
