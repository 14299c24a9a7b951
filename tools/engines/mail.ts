import { join } from 'node:path';
import { OwnedProcess } from '../process/owned-process.ts';
import { root } from '../process/paths.ts';
import { freePort } from '../process/ports.ts';
import { type Engine, untilReady } from './engine.ts';

export interface MailOptions {
  logFile: string;
  smtpPort?: number;
  webPort?: number;
  /** Where mails survive a restart. */
  dataDir: string;
  /** The oldest are dropped beyond this number. */
  maxMails?: number;
}

export interface MailEngine extends Engine {
  smtp: string;
  /** The page that shows the mails; its API is below `/api/email`. */
  web: string;
  webPort: number;
}

/** Starts the mail catcher: SMTP, a page, and an API to read what was caught. */
export async function startMail(options: MailOptions): Promise<MailEngine> {
  const port = await freePort(options.smtpPort);
  const webPort = await freePort(options.webPort);
  const server = new OwnedProcess({
    name: 'mail',
    command: process.execPath,
    args: [
      ...['--max-semi-space-size=2', join(root, 'node_modules/maildev/dist/bin/maildev.js'), '--silent'],
      ...['--smtp', String(port), '--ip', '127.0.0.1', '--web', String(webPort), '--web-ip', '127.0.0.1'],
      ...['--mail-directory', options.dataDir],
      ...(options.maxMails ? ['--max-emails', String(options.maxMails)] : []),
    ],
    logFile: options.logFile,
    order: 30,
    graceMs: 1_000,
  });
  const web = `http://127.0.0.1:${webPort}`;
  await untilReady(server, () => healthy(web), 20_000);
  return { smtp: `smtp://127.0.0.1:${port}`, web, port, webPort, process: server, stop: () => server.stop() };
}

async function healthy(web: string): Promise<void> {
  const response = await fetch(`${web}/api/healthz`, { signal: AbortSignal.timeout(2_000) });
  if (!response.ok) throw new Error(`status ${response.status}`);
}
