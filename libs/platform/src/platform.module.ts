import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { JWTVerifyGetKey } from 'jose';
import { TokenVerifier, remoteKeys } from './access/token-verifier.js';
import { CacheStore } from './cache/cache-store.js';
import { RedisCacheStore } from './cache/redis-cache-store.js';
import { RedisClient } from './cache/redis-client.js';
import { Clock, SystemClock } from './clock.js';
import type { BaseConfig } from './config/base-config.js';
import { HealthRegistry } from './health/health-registry.js';

export interface PlatformModuleOptions {
  /** Where public keys come from; the JWKS address of the configuration when absent. */
  readonly tokenKeys?: { inject: unknown[]; useFactory: (...dependencies: never[]) => JWTVerifyGetKey };
}

/** Clock, health, cache and token check for the whole app. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(
    config: Pick<BaseConfig, 'REDIS_URL' | 'JWKS_URL' | 'TOKEN_ISSUER' | 'TOKEN_AUDIENCE'>,
    options: PlatformModuleOptions = {},
  ): DynamicModule {
    const verifier = (keys: JWTVerifyGetKey) =>
      new TokenVerifier({ issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE, keys });
    const { tokenKeys } = options;
    return {
      module: PlatformModule,
      imports: [DiscoveryModule, TerminusModule.forRoot({ logger: false })],
      providers: [
        { provide: Clock, useClass: SystemClock },
        HealthRegistry,
        { provide: RedisClient, useFactory: () => new RedisClient(config.REDIS_URL) },
        { provide: CacheStore, useClass: RedisCacheStore },
        {
          provide: TokenVerifier,
          inject: (tokenKeys?.inject ?? []) as never[],
          useFactory: (...dependencies: never[]) =>
            verifier(tokenKeys ? tokenKeys.useFactory(...dependencies) : remoteKeys(config.JWKS_URL)),
        },
      ],
      exports: [
        Clock,
        HealthRegistry,
        RedisClient,
        CacheStore,
        TokenVerifier,
        TerminusModule,
        DiscoveryModule,
      ],
    };
  }
}
