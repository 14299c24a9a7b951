import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule, Db } from '@nest-arch/database';
import { DeadLettersModule, MessagingModule, type MessagingOptions } from '@nest-arch/messaging';
import { HealthRegistry, PlatformModule } from '@nest-arch/platform';
import type { Config } from './config.js';
import { Contacts } from './contacts/contacts.projection.js';
import { entities } from './entities.js';
import { ErasureConsumer } from './erasure/erasure.consumer.js';
import { InboxModule } from './inbox/inbox.module.js';
import { MailModule } from './mail/mail.module.js';
import { migrations } from './migrations/index.js';
import { WelcomeConsumer } from './welcome/welcome.consumer.js';

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

  static forRoot(config: Readonly<Config>, options: AppModuleOptions = {}): DynamicModule {
    const { relay, background = true } = options;
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(config),
        DatabaseModule.forRoot({
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL_SIZE,
          applicationName: 'notification',
          entities,
          migrations,
        }),
        MessagingModule.forRoot({
          appName: 'notification',
          brokers: config.KAFKA_BROKERS,
          topicPrefix: config.KAFKA_TOPIC_PREFIX,
          projections: [Contacts],
          ...(relay === undefined ? {} : { relay }),
        }),
        MailModule.forRoot(config, { background }),
        DeadLettersModule.forRoot({ service: 'notification' }),
        InboxModule.forRoot(config),
      ],
      controllers: [WelcomeConsumer, ErasureConsumer],
      providers: [Contacts],
    };
  }
}
