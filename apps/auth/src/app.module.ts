import { DatabaseModule, Db } from '@nest-arch/database';
import { DeadLettersModule, MessagingModule, type MessagingOptions } from '@nest-arch/messaging';
import { HealthRegistry, PlatformModule } from '@nest-arch/platform';
import { IdempotencyModule } from '@nest-arch/platform/idempotency';
import { type DynamicModule, Module } from '@nestjs/common';
import { BackgroundModule } from './background.module.js';
import { AUTH_CONFIG, type AuthConfig } from './config.js';
import { entities } from './entities.js';
import { KeysModule } from './keys/keys.module.js';
import { SigningKeys } from './keys/signing-keys.js';
import { migrations } from './migrations/index.js';
import { RegistrationModule } from './registration/registration.module.js';
import { RolesModule } from './roles/roles.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { ownedStates } from './users/user-state.js';
import { VerificationModule } from './verification/verification.module.js';

export interface AppModuleOptions {
  /** `false`: events stay in the outbox for the running service to send; for commands. */
  relay?: MessagingOptions['relay'];
  /** `false`: nothing runs by itself; for commands and specs that count. */
  background?: boolean;
}

@Module({})
class ConfigModule {}

@Module({})
export class AppModule {
  constructor(health: HealthRegistry, db: Db) {
    health.register('database', () => db.assertReady(), 'ready');
  }

  static forRoot(config: Readonly<AuthConfig>, options: AppModuleOptions = {}): DynamicModule {
    const { background = true } = options;
    const configuration = { provide: AUTH_CONFIG, useValue: config };
    return {
      module: AppModule,
      imports: [
        { module: ConfigModule, global: true, providers: [configuration], exports: [configuration] },
        ...libraries(config, options),
        KeysModule,
        RegistrationModule,
        RolesModule,
        SessionsModule,
        VerificationModule,
        ...(background ? [BackgroundModule] : []),
      ],
    };
  }
}

function libraries(config: Readonly<AuthConfig>, { relay }: AppModuleOptions): DynamicModule[] {
  return [
    PlatformModule.forRoot(config, {
      tokenKeys: { inject: [SigningKeys], useFactory: (keys: SigningKeys) => keys.resolve },
    }),
    DatabaseModule.forRoot({
      url: config.DATABASE_URL,
      entities,
      migrations,
      poolSize: config.DATABASE_POOL_SIZE,
      preparedStatements: config.DATABASE_PREPARED_STATEMENTS,
      applicationName: 'auth',
    }),
    MessagingModule.forRoot({
      appName: 'auth',
      brokers: config.KAFKA_BROKERS,
      topicPrefix: config.KAFKA_TOPIC_PREFIX,
      states: ownedStates,
      ...(relay === undefined ? {} : { relay }),
    }),
    DeadLettersModule.forRoot({ service: 'auth' }),
    IdempotencyModule.forRoot(config.IDEMPOTENCY_HMAC_KEY),
  ];
}
