import { Module, type DynamicModule } from '@nestjs/common';
import { Db } from '@nest-arch/database';
import type { Config } from '../config.js';
import { MessagesModule } from '../messages/messages.module.js';
import { InboxHints } from './inbox-hints.js';
import { InboxRenderer } from './inbox-renderer.js';
import { InboxStreams } from './inbox-streams.js';
import { InboxController } from './inbox.controller.js';
import { Inbox } from './inbox.service.js';

/** Messages inside the product: list, marks, live stream. */
@Module({})
export class InboxModule {
  static forRoot(config: Readonly<Config>): DynamicModule {
    return {
      module: InboxModule,
      imports: [MessagesModule],
      controllers: [InboxController],
      providers: [
        Inbox,
        InboxHints,
        { provide: InboxRenderer, useFactory: () => new InboxRenderer(config.PRODUCT_NAME) },
        {
          provide: InboxStreams,
          inject: [Db, InboxRenderer, InboxHints],
          useFactory: (db: Db, renderer: InboxRenderer, hints: InboxHints) =>
            new InboxStreams(db, renderer, hints, { perUser: config.STREAMS_PER_USER }),
        },
      ],
      exports: [Inbox],
    };
  }
}
