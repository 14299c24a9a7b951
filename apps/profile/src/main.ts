import { startApp } from '@nest-arch/platform';
import { readConfig } from './config.js';
import { profileApp } from './profile-app.js';

await startApp(profileApp(readConfig()));
