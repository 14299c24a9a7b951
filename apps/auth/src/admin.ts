/** `admin.js grant <email> <role>` and `admin.js revoke <email> <role>`, for who runs the platform. */
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { RolesService } from './roles/roles.service.js';

const [command = '', email = '', role = ''] = process.argv.slice(2);
const usage =
  'Usage: admin (grant|revoke) <email> <role>   (a role is lower case letters and _, such as admin)';

async function run(): Promise<string> {
  // The running service sends what is written here: its relay looks into the outbox all the time.
  const module = AppModule.forRoot(readConfig(), { relay: false, background: false });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'], abortOnError: false });
  try {
    const roles = app.get(RolesService, { strict: false });
    const change = { email, role, actor: 'cli' };
    return await (command === 'grant' ? roles.grant(change) : roles.withdraw(change));
  } finally {
    await app.close();
  }
}

const outcomes: Record<string, string> = {
  changed: `${role}: ${command === 'grant' ? 'granted' : 'withdrawn'}. Older access tokens are refused; sign-in or refresh gives new ones.`,
  unchanged: `${role}: nothing to change`,
  no_such_user: 'No account has this address',
};

if (!['grant', 'revoke'].includes(command) || !email || !/^[a-z][a-z_]{1,31}$/.test(role)) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
} else {
  const outcome = await run();
  process.stdout.write(`${outcomes[outcome]}\n`);
  process.exitCode = outcome === 'no_such_user' ? 1 : 0;
}
