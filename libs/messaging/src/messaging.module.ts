import {
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Db } from '@nest-arch/database';
import { InboxPartitions } from './inbox/inbox-partitions.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from './options.js';
import { Outbox } from './outbox/outbox.js';
import { Publisher } from './outbox/publisher.js';
import { Relay } from './outbox/relay.js';

/** What is visible everywhere; the life cycle is MessagingModule's. */
@Module({})
class MessagingProviders {}

/**
 * Outbox with its relay, and the upkeep of the inbox. Its providers are global; needs DatabaseModule.
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
    if (options.relay !== false) this.modules.get(Relay, { strict: false }).start();
    this.modules.get(InboxPartitions, { strict: false }).start();
  }

  // Late, so that what the last requests and handlers wrote is still sent.
  async onApplicationShutdown(): Promise<void> {
    await this.modules.get(InboxPartitions, { strict: false }).stop();
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
      { provide: Publishers, useFactory: () => new Publishers(options) },
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
      { provide: InboxPartitions, inject: [Db], useFactory: (db: Db) => new InboxPartitions(db) },
    ],
    exports: [Outbox, Relay, InboxPartitions, Publishers, MESSAGING_OPTIONS],
  };
}

/** Two connections, so that an urgent record does not wait behind a batch of the relay. */
class Publishers {
  readonly relay: Publisher;
  readonly urgent: Publisher;

  constructor({ brokers, appName, topicPrefix = '' }: MessagingOptions) {
    const common = { brokers, clientId: appName, topicPrefix };
    this.relay = new Publisher(common);
    this.urgent = new Publisher(common);
  }

  async close(): Promise<void> {
    await Promise.all([this.relay.close(), this.urgent.close()]);
  }
}
