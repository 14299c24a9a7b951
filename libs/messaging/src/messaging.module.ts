import {
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Db } from '@nest-arch/database';
import { HealthRegistry } from '@nest-arch/platform';
import { InboxPartitions } from './inbox/inbox-partitions.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from './options.js';
import { ClockSkew } from './outbox/clock-skew.js';
import { Outbox } from './outbox/outbox.js';
import { Publisher } from './outbox/publisher.js';
import { Relay } from './outbox/relay.js';
import { StateUpkeep } from './state/state-upkeep.js';
import { OwnTopics } from './topics/own-topics.js';

/** What is visible everywhere; the life cycle is MessagingModule's. */
@Module({})
class MessagingProviders {}

/**
 * Outbox with its relay, and the upkeep of the inbox and of the state topics that the app owns. Its providers are global;
 * needs DatabaseModule.
 *
 * The module itself is not global: Nest closes global modules last, in an order that depends on how they were imported,
 * and the relay has to end before the database's connections do.
 */
@Module({})
export class MessagingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly modules: ModuleRef) {}

  static forRoot(options: MessagingOptions): DynamicModule {
    return { module: MessagingModule, imports: [globalProviders(options)] };
  }

  onApplicationBootstrap(): void {
    const options = this.modules.get<MessagingOptions>(MESSAGING_OPTIONS, { strict: false });
    const clock = this.modules.get(ClockSkew, { strict: false });
    this.modules.get(HealthRegistry, { strict: false }).register('clock', () => clock.assertSmall(), 'ready');
    if (options.relay !== false) {
      this.modules.get(Relay, { strict: false }).start();
      this.modules.get(StateUpkeep, { strict: false }).start();
    }
    this.modules.get(InboxPartitions, { strict: false }).start();
  }

  // Late, so that what the last requests and handlers wrote is still sent.
  async onApplicationShutdown(): Promise<void> {
    await this.modules.get(InboxPartitions, { strict: false }).stop();
    await this.modules.get(StateUpkeep, { strict: false }).stop();
    await this.modules.get(Relay, { strict: false }).stop();
    await this.modules.get(Publishers, { strict: false }).close();
  }
}

function globalProviders(options: MessagingOptions): DynamicModule {
  return {
    module: MessagingProviders,
    global: true,
    providers: [
      { provide: MESSAGING_OPTIONS, useValue: options },
      ClockSkew,
      {
        provide: OwnTopics,
        inject: [HealthRegistry],
        useFactory: (health: HealthRegistry) => new OwnTopics(options, health),
      },
      {
        provide: Publishers,
        inject: [ClockSkew],
        useFactory: (clock: ClockSkew) => new Publishers(options, clock),
      },
      {
        provide: Relay,
        inject: [Db, Publishers],
        useFactory: (db: Db, publishers: Publishers) => new Relay(db, publishers.relay, options.relay || {}),
      },
      {
        provide: Outbox,
        inject: [Relay, Publishers],
        useFactory: (relay: Relay, publishers: Publishers) =>
          new Outbox({ source: `/nest-arch/${options.appName}`, relay, urgent: publishers.urgent }),
      },
      {
        provide: StateUpkeep,
        inject: [Db, Outbox, Publishers],
        useFactory: (db: Db, outbox: Outbox, { urgent: publisher }: Publishers) =>
          new StateUpkeep({ db, outbox, publisher, options }),
      },
      { provide: InboxPartitions, inject: [Db], useFactory: (db: Db) => new InboxPartitions(db) },
    ],
    exports: [Outbox, Relay, InboxPartitions, StateUpkeep, Publishers, ClockSkew, MESSAGING_OPTIONS],
  };
}

/** Two connections, so that an urgent record does not wait behind a batch of the relay. */
class Publishers {
  readonly relay: Publisher;
  readonly urgent: Publisher;

  constructor({ brokers, appName, topicPrefix = '' }: MessagingOptions, clock: ClockSkew) {
    const common = { brokers, clientId: appName, topicPrefix, clock };
    this.relay = new Publisher(common);
    this.urgent = new Publisher(common);
  }

  async close(): Promise<void> {
    await Promise.all([this.relay.close(), this.urgent.close()]);
  }
}
