import { Db } from '@nest-arch/database';
import { CacheStore } from '@nest-arch/platform';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../config.js';
import { AccountsConsumer } from './accounts.consumer.js';
import { ErasureConsumer } from './erasure.consumer.js';
import { ProfileErasure } from './profile-erasure.js';
import { ProfileReader } from './profile-reader.js';
import { Profiles } from './profiles.service.js';
import { UsersController } from './users.controller.js';

/** People's profiles: made from accounts, read, edited, erased. */
@Module({})
export class ProfilesModule {
  static forRoot(config: Readonly<Config>): DynamicModule {
    const options = { cacheTtlSeconds: config.CACHE_TTL_SECONDS, arrivalWaitMs: config.ARRIVAL_WAIT_MS };
    return {
      module: ProfilesModule,
      controllers: [UsersController, AccountsConsumer, ErasureConsumer],
      providers: [
        Profiles,
        ProfileErasure,
        {
          provide: ProfileReader,
          inject: [Db, CacheStore],
          useFactory: (db: Db, cache: CacheStore) => new ProfileReader(db, cache, options),
        },
      ],
    };
  }
}
