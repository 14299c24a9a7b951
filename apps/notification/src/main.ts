import { startApp } from '@nest-arch/platform';
import { readConfig } from './config.js';
import { notificationApp } from './notification-app.js';

await startApp(notificationApp(readConfig()));
