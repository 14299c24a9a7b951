import { createEventServer } from '@nest-arch/messaging';
import type { AppOptions } from '@nest-arch/platform';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';

/** The whole service for `startApp`, and for specs that run several in one process. */
export function analyticsApp(config: Readonly<Config>): AppOptions {
  return {
    name: 'analytics',
    module: AppModule.forRoot(config),
    config,
    strategies: (app) => [createEventServer(app)],
  };
}
