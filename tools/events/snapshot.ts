// npm run events -- snapshot: a service says its whole state anew, for a state topic that was lost or never had it.
import { parseArgs } from 'node:util';
import { runAppCommand } from './app-command.ts';
import { kafkaAccess } from './brokers.ts';

export const usage = `npm run events -- snapshot --topic <state topic> [--after <key>]

Sends the present state of every row of the table behind the topic to the topic again, page by page, with room left in the
outbox for the events of people. The topic's name begins with the service that owns it: auth.user.state.v1.
May be repeated: readers know the versions that they have had. --after goes on where an interrupted run stood.`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { topic: { type: 'string' }, after: { type: 'string' } } });
  if (values.topic === undefined) {
    console.error(usage);
    return 2;
  }
  const owner = values.topic.split('.')[0] ?? '';
  // Without Kafka its rows would wait in the outbox, and it for them.
  kafkaAccess();
  return runAppCommand(owner, ['snapshot', ...args]);
}
