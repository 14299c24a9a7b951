/** `events.js <verb> …`: what `npm run events` does inside this service. */
import { runAppCommand } from '@nest-arch/messaging';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';

const module = AppModule.forRoot(readConfig(), { relay: false, background: false });
process.exitCode = await runAppCommand(module, process.argv.slice(2));
