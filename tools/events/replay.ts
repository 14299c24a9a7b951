// npm run events -- replay --projection <app>.<projection> --from beginning|<ISO time>
import { runAppCommand } from './app-command.ts';
import { kafkaAccess } from './brokers.ts';

export const usage = `Usage: npm run events -- replay --projection <app>.<projection> --from beginning|<ISO time>

Builds a declared projection, such as notification.contacts, anew beside what runs, and switches to it.`;

/** Rebuilds a declared projection in its own service, beside what runs. */
export async function run(args: string[]): Promise<number> {
  const at = args.indexOf('--projection');
  const [app, name] = (at < 0 ? '' : (args[at + 1] ?? '')).split('.');
  if (!app || !name) {
    console.error(usage);
    return 2;
  }
  // Before a Postgres is started for nothing.
  kafkaAccess();
  return runAppCommand(app, ['replay', ...args]);
}
