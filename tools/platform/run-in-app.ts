// A command that runs in a service's own code, with the environment that the platform gives that service.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../process/paths.ts';
import { withDatabases, type DatabaseAccess } from './database-access.ts';
import { environmentOf } from './environment.ts';
import { serviceNames, type DatabaseOwner, type ServiceName } from './services.ts';

export interface AppCommandLine {
  app: DatabaseOwner;
  /** The entry beside the app's main file, without its ending. */
  entry: string;
  args: string[];
}

/** Runs the entry to its end, with this process's input and output; answers its exit code. */
export function runInApp(command: AppCommandLine): Promise<number> {
  return withDatabases((access) => run(command, environment(command.app, access)));
}

function environment(app: DatabaseOwner, { databases, secrets, run }: DatabaseAccess): NodeJS.ProcessEnv {
  // Without a running platform events wait in the outbox; these addresses are then never called.
  const nobody = 'http://127.0.0.1:1';
  const urls = Object.fromEntries(serviceNames.map((name) => [name, run?.gateway ?? nobody])) as Record<
    ServiceName,
    string
  >;
  return environmentOf(app, {
    databases,
    secrets,
    urls,
    brokers: process.env['KAFKA_BROKERS'] ?? run?.kafka ?? '127.0.0.1:1',
    redisUrl: process.env['REDIS_URL'] ?? run?.redis ?? 'redis://127.0.0.1:1',
    smtpUrl: process.env['SMTP_URL'] ?? 'smtp://127.0.0.1:1',
    topicPrefix: process.env['KAFKA_TOPIC_PREFIX'] ?? '',
    overrides: {
      all: { PORT: '0', EXIT_WITH_PARENT: 'false', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn' },
    },
  });
}

function run({ app, entry, args }: AppCommandLine, env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const main = join(root, 'apps', app, 'dist', `${entry}.js`);
    const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
