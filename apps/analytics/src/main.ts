import { startApp } from '@nest-arch/platform';
import { readConfig } from './config.js';
import { analyticsApp } from './analytics-app.js';

await startApp(analyticsApp(readConfig()));
