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

/** Outbox with its relay, and the upkeep of the inbox. Global; needs DatabaseModule. */
@Module({})
export class MessagingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly modules: ModuleRef) {}

  static forRoot(options: MessagingOptions): DynamicModule {
    return {
      module: MessagingModule,
      global: true,
      providers: [
        { provide: MESSAGING_OPTIONS, useValue: options },
        { provide: Publishers, useFactory: () => new Publishers(options) },
        {
          provide: Relay,
          inject: [Db, Publishers],
          useFactory: (db: Db, publishers: Publishers) =>
            new Relay(db, publishers.relay, options.relay || {}),
        },
        {
          provide: Outbox,
          inject: [Relay, Publishers],
          useFactory: (relay: Relay, publishers: Publishers) =>
            new Outbox({ source: `/nest-arch/${options.appName}`, relay, urgent: publishers.urgent }),
        },
        { provide: InboxPartitions, inject: [Db], useFactory: (db: Db) => new InboxPartitions(db) },
      ],
      exports: [Outbox, Relay, InboxPartitions, MESSAGING_OPTIONS],
    };
  }

  onApplicationBootstrap(): void {
    const options = this.modules.get<MessagingOptions>(MESSAGING_OPTIONS);
    if (options.relay !== false) this.modules.get(Relay).start();
    this.modules.get(InboxPartitions).start();
  }

  // Late, so that what the last requests and handlers wrote is still sent.
  async onApplicationShutdown(): Promise<void> {
    this.modules.get(InboxPartitions).stop();
    await this.modules.get(Relay).stop();
    await this.modules.get(Publishers).close();
  }
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
