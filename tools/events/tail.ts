// npm run events -- tail: what happens, as it happens.
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { topics } from '@nest-arch/contracts';
import { BroadcastConsumer, type BroadcastRecord } from '@nest-arch/messaging/broadcast';
import { onStop } from '../process/stop-signals.ts';
import { kafkaAccess } from './brokers.ts';
import { isBackground, recordJson, recordLine } from './tail-text.ts';

export const usage = `Usage: npm run events -- tail [options]

  --user <id>        only what is about this person
  --type <type>      only this type; auth.user.* means all that begin so
  --topic <topic>    only this topic; a dead-letter topic is one, too. May be repeated
  --from <when>      beginning, or a time such as 2026-11-23T09:30:00Z. Default: what comes from now on
  --background       heartbeats and canary records as well
  --show-personal    addresses, names and tokens as they are; else they are masked
  --json             one JSON object a line

Ctrl-C ends it with a count.`;

const options = {
  user: { type: 'string' },
  type: { type: 'string' },
  topic: { type: 'string', multiple: true },
  from: { type: 'string' },
  background: { type: 'boolean', default: false },
  'show-personal': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>;

/** Records come partition by partition; those that come within this time are put in the order of their own. */
const gatherMs = 100;

export async function run(args: string[]): Promise<number> {
  let values: Values;
  let from: ReturnType<typeof startOf>;
  try {
    values = parse(args);
    from = startOf(values.from);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const stopped = new Promise<void>((resolve) => {
    onStop(() => resolve());
    // Nobody reads any more, as behind `| head`.
    process.stdout.once('error', () => resolve());
  });
  return follow(values, from, stopped);
}

/** Prints until `stopped`. */
export async function follow(
  values: Values,
  from: ReturnType<typeof startOf>,
  stopped: Promise<void>,
): Promise<number> {
  const access = kafkaAccess();
  Logger.overrideLogger(false);
  const counts = { read: 0, shown: 0 };
  let waiting: BroadcastRecord[] = [];
  const consumer = new BroadcastConsumer({
    ...access,
    app: 'events-tail',
    topics: values.topic ?? Object.values(topics).map(({ name }) => name),
    from,
    withHeartbeats: values.background,
    onRecord: (record) => {
      counts.read += 1;
      if (isWanted(record, values)) waiting.push(record);
    },
  });
  const print = () => {
    for (const record of waiting.sort((a, b) => a.timestamp - b.timestamp)) {
      console.log(
        values.json
          ? recordJson(record, values['show-personal'])
          : recordLine(record, values['show-personal']),
      );
      counts.shown += 1;
    }
    waiting = [];
  };
  const printing = setInterval(print, gatherMs);
  const watching = tellTrouble(consumer, access.brokers);
  consumer.start();
  await stopped;
  clearInterval(printing);
  clearInterval(watching);
  await consumer.close();
  print();
  console.error(`\n${counts.shown} records shown, ${counts.read} read.`);
  return 0;
}

export function parse(args: string[]) {
  return parseArgs({ args, options, allowPositionals: false }).values;
}

export function startOf(text: string | undefined): 'beginning' | 'end' | Date {
  if (text === undefined) return 'end';
  if (text === 'beginning') return text;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new Error(`--from is "beginning" or a time, not "${text}".`);
  return date;
}

function isWanted(record: BroadcastRecord, { user, type, background }: Values): boolean {
  if (!background && isBackground(record)) return false;
  if (user !== undefined && record.key !== user) return false;
  if (type === undefined) return true;
  return type.endsWith('*') ? record.type.startsWith(type.slice(0, -1)) : record.type === type;
}

/** Says on the error output when reading begins, and when and why it stops. */
function tellTrouble(consumer: BroadcastConsumer, brokers: string[]): NodeJS.Timeout {
  const startedAt = Date.now();
  let told: string | undefined = 'starting';
  return setInterval(() => {
    const { trouble } = consumer;
    if (trouble === told) return;
    // Joining takes a moment; that is no news.
    if (trouble !== undefined && told === 'starting' && Date.now() - startedAt < 3_000) return;
    if (trouble !== undefined) console.error(`Nothing from ${brokers.join(', ')}: ${trouble}`);
    else console.error(told === 'starting' ? 'Reading.' : 'Reading again.');
    told = trouble;
  }, 50);
}
