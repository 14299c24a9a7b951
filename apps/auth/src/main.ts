import { createEventServer } from '@nest-arch/messaging';
import { startApp } from '@nest-arch/platform';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';

const config = readConfig();
await startApp({
  name: 'auth',
  module: AppModule.forRoot(config),
  config,
  strategies: (app) => [createEventServer(app)],
});
