// npm run events -- outbox: rows of a service's outbox that Kafka did not take for what is in them.
import { runAppCommand } from './app-command.ts';

export const usage = `npm run events -- outbox <service> list
npm run events -- outbox <service> requeue <id> …
npm run events -- outbox <service> drop <id> …

A row that Kafka will never take (larger than the topic allows) is put into outbox_dead_letters, and the outbox goes on
without it. requeue puts it back once the cause is gone, behind what its key has sent since. Rows of state topics cannot be
put back: drop them, the owner's daily comparison announces the present state.`;

export async function run([service, ...args]: string[]): Promise<number> {
  if (service === undefined || args.length === 0) {
    console.error(usage);
    return 2;
  }
  return runAppCommand(service, ['outbox', ...args]);
}
