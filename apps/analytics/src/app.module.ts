import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule, Db } from '@nest-arch/database';
import { DeadLettersModule, MessagingModule, type MessagingOptions } from '@nest-arch/messaging';
import { HealthRegistry, PlatformModule } from '@nest-arch/platform';
import { ActivityModule } from './activity/activity.module.js';
import type { Config } from './config.js';
import { entities } from './entities.js';
import { migrations } from './migrations/index.js';

export interface AppModuleOptions {
  /** `false`: events stay in the outbox for the running service to send; for commands. */
  relay?: MessagingOptions['relay'];
  /** `false`: nothing runs by itself; for commands. */
  background?: boolean;
}

@Module({})
export class AppModule {
  constructor(health: HealthRegistry, db: Db) {
    health.register('database', () => db.assertReady(), 'ready');
  }

  static forRoot(config: Readonly<Config>, { relay }: AppModuleOptions = {}): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(config),
        DatabaseModule.forRoot({
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL_SIZE,
          preparedStatements: config.DATABASE_PREPARED_STATEMENTS,
          applicationName: 'analytics',
          entities,
          migrations,
        }),
        MessagingModule.forRoot({
          appName: 'analytics',
          brokers: config.KAFKA_BROKERS,
          topicPrefix: config.KAFKA_TOPIC_PREFIX,
          ...(relay === undefined ? {} : { relay }),
        }),
        DeadLettersModule.forRoot({ service: 'analytics' }),
        ActivityModule,
      ],
    };
  }
}
