// npm run admin -- grant <email> <role>: auth's own command, with auth's environment.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { explain } from '../bootstrap/progress.mjs';
import { withDatabases, type DatabaseAccess } from '../platform/database-access.ts';
import { environmentOf } from '../platform/environment.ts';
import { serviceNames, type ServiceName } from '../platform/services.ts';
import { root } from '../process/paths.ts';

try {
  process.exitCode = await withDatabases(runAdmin);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

function runAdmin({ databases, secrets, run }: DatabaseAccess): Promise<number> {
  // Without a running platform the event waits in the outbox; these addresses are then never called.
  const nobody = 'http://127.0.0.1:1';
  const urls = Object.fromEntries(serviceNames.map((name) => [name, run?.gateway ?? nobody])) as Record<
    ServiceName,
    string
  >;
  const env = environmentOf('auth', {
    databases,
    secrets,
    urls,
    brokers: process.env['KAFKA_BROKERS'] ?? run?.kafka ?? '127.0.0.1:1',
    redisUrl: process.env['REDIS_URL'] ?? run?.redis ?? 'redis://127.0.0.1:1',
    smtpUrl: '',
    topicPrefix: '',
    overrides: {
      all: { PORT: '0', EXIT_WITH_PARENT: 'false', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn' },
    },
  });
  return new Promise((resolve, reject) => {
    const main = join(root, 'apps', 'auth', 'dist', 'admin.js');
    const child = spawn(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
