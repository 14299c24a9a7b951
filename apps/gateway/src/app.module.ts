import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { PlatformModule } from '@nest-arch/platform';
import { GATEWAY_CONFIG, type GatewayConfig } from './config.js';
import { ApiDescription } from './descriptions/api-description.js';
import { Edge } from './edge/edge.js';
import { Hop } from './edge/hop.js';
import { Proxy } from './proxies/proxy.js';
import { Upstreams } from './proxies/upstreams.js';
import { Gatekeeper } from './sessions/gatekeeper.js';
import { RevocationFeed } from './sessions/revocation-feed.js';
import { SessionCheck } from './sessions/session-check.js';
import { SessionGate } from './sessions/session-gate.js';
import { OpenStreams } from './streams/open-streams.js';

@Module({})
export class AppModule implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly edge: Edge,
  ) {}

  onModuleInit(): void {
    this.edge.register(this.host.httpAdapter.getInstance());
  }

  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot(config)],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        RevocationFeed,
        SessionCheck,
        SessionGate,
        Gatekeeper,
        OpenStreams,
        Upstreams,
        Hop,
        Proxy,
        ApiDescription,
        Edge,
      ],
    };
  }
}
