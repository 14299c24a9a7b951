// A verb of `npm run events` that runs inside one service: apps/<app>/dist/events.js, with that service's environment.
import { StepError } from '../bootstrap/progress.mjs';
import { runInApp } from '../platform/run-in-app.ts';
import { databaseOwners, type DatabaseOwner } from '../platform/services.ts';

/** Answers the exit code of the service's command. Throws a StepError for a name that is no service with events. */
export function runAppCommand(app: string, args: string[]): Promise<number> {
  if (!isOwner(app))
    throw new StepError(`there is no service named ${app}`, `one of ${databaseOwners.join(', ')}`);
  return runInApp({ app, entry: 'events', args });
}

function isOwner(name: string): name is DatabaseOwner {
  return (databaseOwners as readonly string[]).includes(name);
}
