/** `admin.js grant <email> <role>` and `admin.js revoke <email> <role>`, for who runs the platform. */
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import {
  type RoleCommand,
  type Said,
  parseRoleCommand,
  roleUsage,
  runRoleCommand,
} from './roles/role-command.js';
import { RolesService } from './roles/roles.service.js';

async function run(command: RoleCommand): Promise<Said> {
  // The running service sends what is written here: its relay looks into the outbox all the time.
  const module = AppModule.forRoot(readConfig(), { relay: false, background: false });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'], abortOnError: false });
  try {
    return await runRoleCommand(app.get(RolesService, { strict: false }), command);
  } finally {
    await app.close();
  }
}

const command = parseRoleCommand(process.argv.slice(2));
if (command) {
  const { text, exitCode } = await run(command);
  (exitCode === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exitCode = exitCode;
} else {
  process.stderr.write(`${roleUsage}\n`);
  process.exitCode = 2;
}
