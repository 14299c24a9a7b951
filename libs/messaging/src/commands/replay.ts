import type { INestApplicationContext } from '@nestjs/common';
import { Db } from '@nest-arch/database';
import { InboxPartitions } from '../inbox/inbox-partitions.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import { projectionGroup, projectionTopics } from '../projections/generation-reader.js';
import type { Projection } from '../projections/projection.js';
import { ReplayRefusedError } from '../projections/rebuild-claim.js';
import { Rebuild, type RebuildResult } from '../projections/rebuild.js';
import type { AppCommand } from './app-command.js';

const usage = 'replay --projection <app>.<projection> --from beginning|<ISO time>';

/** Builds a declared projection anew and switches to it. */
export const replayCommand: AppCommand = {
  usage,
  async run(app, args) {
    const asked = parse(args);
    if (!asked) {
      process.stderr.write(`${usage}\n`);
      return 2;
    }
    try {
      const projection = find(app, asked.projection);
      const result = await rebuild(app, projection, asked.from);
      process.stdout.write(report(asked.projection, result));
      return 0;
    } catch (error) {
      if (!(error instanceof ReplayRefusedError)) throw error;
      process.stderr.write(`Refused: ${error.message}\n`);
      return 1;
    }
  },
};

interface Asked {
  projection: string;
  from: Date | undefined;
}

function parse(args: string[]): Asked | undefined {
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index += 2) given.set(args[index] ?? '', args[index + 1] ?? '');
  const [projection, from] = [given.get('--projection'), given.get('--from')];
  if (given.size !== 2 || !projection || !from) return undefined;
  if (from === 'beginning') return { projection, from: undefined };
  const time = new Date(from);
  return Number.isNaN(time.getTime()) ? undefined : { projection, from: time };
}

function find(app: INestApplicationContext, asked: string): Projection {
  const { appName, projections = [] } = app.get<MessagingOptions>(MESSAGING_OPTIONS, { strict: false });
  const declared = projections.map((projection) => app.get(projection, { strict: false }));
  const found = declared.find((projection) => projectionGroup(appName, projection) === asked);
  if (found) return found;
  const names = declared.map((projection) => projectionGroup(appName, projection));
  throw new ReplayRefusedError(
    `${asked} is no declared projection${names.length > 0 ? `; ${appName} has ${names.join(', ')}` : ''}. Handlers with ` +
      `effects outside tables of their own (mails, other events) would have them all again. A record that failed goes ` +
      `through its handler again with: npm run events -- dlq replay`,
  );
}

async function rebuild(app: INestApplicationContext, projection: Projection, from: Date | undefined) {
  const {
    appName,
    brokers,
    topicPrefix = '',
  } = app.get<MessagingOptions>(MESSAGING_OPTIONS, {
    strict: false,
  });
  const parts = {
    db: app.get(Db, { strict: false }),
    partitions: app.get(InboxPartitions, { strict: false }),
    brokers,
    appName,
    topicPrefix,
  };
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const name of signals) process.once(name, interrupt);
  try {
    process.stdout.write(
      `Reading ${projectionTopics(projection).join(', ')} from ${from?.toISOString() ?? 'the beginning'}\n`,
    );
    const onProgress = (line: string) => void process.stdout.write(`  ${line}\n`);
    return await new Rebuild(parts, projection, { from, onProgress, signal: interruption.signal }).run();
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const;

function report(name: string, { generation, records, seconds, before, after }: RebuildResult): string {
  const memory = process.resourceUsage().maxRSS / 1024;
  return [
    `${name} is read from generation ${generation} now.`,
    `  rows      ${after.count} (before: ${before.count})`,
    `  checksum  ${after.checksum} (before: ${before.checksum})`,
    `  records   ${records} in ${seconds.toFixed(1)} s, ${Math.round(records / seconds)}/s`,
    `  memory    ${Math.round(memory)} MiB at most`,
    '',
  ].join('\n');
}
