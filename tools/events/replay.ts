// npm run events -- replay --projection <app>.<projection> --from beginning|<ISO time>
import { StepError } from '../bootstrap/progress.mjs';
import { runAppCommand } from './app-command.ts';

export const usage = 'replay --projection <app>.<projection> --from beginning|<ISO time>';

/** Rebuilds a declared projection in its own service, beside what runs. */
export async function run(args: string[]): Promise<number> {
  const at = args.indexOf('--projection');
  const [app, name] = (at < 0 ? '' : (args[at + 1] ?? '')).split('.');
  if (!app || !name) throw new StepError(usage, 'name the projection, such as notification.contacts');
  return runAppCommand(app, ['replay', ...args]);
}
