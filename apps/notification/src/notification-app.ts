import { createEventServer, createProjectionServer } from '@nest-arch/messaging';
import type { AppOptions } from '@nest-arch/platform';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { Contacts } from './contacts/contacts.projection.js';

/** The whole service for `startApp`, and for tests that run several in one process. */
export function notificationApp(config: Readonly<Config>): AppOptions {
  return {
    name: 'notification',
    module: AppModule.forRoot(config),
    config,
    strategies: (app) => [createEventServer(app), createProjectionServer(app, Contacts)],
  };
}
