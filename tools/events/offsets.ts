// npm run events -- offsets list|skip: where a group stands, and moving it past records that are gone.
import { parseArgs } from 'node:util';
import { isStranded, listOffsets, OffsetsError, type Standing } from '@nest-arch/messaging/offsets';
import { StepError } from '../bootstrap/progress.mjs';
import { runAppCommand } from './app-command.ts';
import { kafkaAccess } from './brokers.ts';
import { columns } from './text.ts';

export const usage = `Usage: npm run events -- offsets list --group <group> [--topic <topic>]
       npm run events -- offsets skip --group <group> --topic <topic> [--partition <number>]

  list   the next offset of the group in each partition, where the log begins and ends, and how much is unread
  skip   for a group that refuses to go on because records were deleted before it had read them: moves its offset to the
         start of what is left. Other offsets stay. Each move is recorded in the service's table offset_skips, and the
         service goes on by itself. Refused while members of the group read.`;

export async function run(args: string[]): Promise<number> {
  const command = read(args);
  if (!command) {
    console.error(usage);
    return 2;
  }
  const { verb, group, topic, partition } = command;
  if (verb === 'list') return list(group, topic);
  // Before a Postgres is started for nothing.
  kafkaAccess();
  return runAppCommand(group.split('.')[0] ?? '', [
    ...['skip-offsets', '--group', group, '--topic', topic ?? ''],
    ...(partition === undefined ? [] : ['--partition', partition]),
  ]);
}

function read(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { group: { type: 'string' }, topic: { type: 'string' }, partition: { type: 'string' } },
  });
  const [verb] = positionals;
  const { group, topic, partition } = values;
  if ((verb !== 'list' && verb !== 'skip') || !group || (verb === 'skip' && !topic)) return undefined;
  return { verb, group, topic, partition };
}

async function list(group: string, topic: string | undefined): Promise<number> {
  const { brokers, topicPrefix } = kafkaAccess();
  const standings = await listOffsets({ brokers, topicPrefix, group, topic }).catch((error: unknown) => {
    if (!(error instanceof OffsetsError)) throw error;
    throw new StepError(error.message, 'npm run events -- offsets --help says how to call it');
  });
  console.log(columns(['TOPIC', 'PARTITION', 'NEXT', 'START', 'END', 'UNREAD'], standings.map(row)));
  return 0;
}

function row(standing: Standing): string[] {
  const { topic, partition, committed, start, end } = standing;
  const next = committed === undefined ? 'none' : String(committed);
  const unread = isStranded(standing) ? 'the next record is gone' : String(end - (committed ?? start));
  return [topic, String(partition), next, String(start), String(end), unread];
}
