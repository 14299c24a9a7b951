import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { commands } from './commands.js';

/**
 * Runs one of the commands in a service's own code, with its configuration, and answers the exit code: 2 for a verb that
 * nobody knows. `module` must be made without relay and background work: what it writes is sent by the running service.
 */
export async function runAppCommand(module: DynamicModule, argv: string[]): Promise<number> {
  const [verb = '', ...args] = argv;
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  if (!command) {
    const usages = Object.values(commands).map(({ usage }) => `  ${usage}\n`);
    process.stderr.write(`Usage:\n${usages.join('')}`);
    return 2;
  }
  const app = await NestFactory.createApplicationContext(module, {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  try {
    return await command.run(app, args);
  } finally {
    await app.close();
  }
}
