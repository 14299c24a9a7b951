import { parseArgs } from 'node:util';
import { Db } from '@nest-arch/database';
import type { AppCommand } from '../commands/app-command.js';
import type { Standing } from '../consumer/lost-records.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import { findStranded, moveToStart, OffsetsError, type GroupOptions } from './group-offsets.js';
import { insertSkip } from './offset-skips.queries.js';

export interface SkipOptions extends GroupOptions {
  topic: string;
  /** Default: all. */
  partition?: number | undefined;
}

/**
 * Lets a group go on behind records that were deleted before it had read them, and records it in the group's database.
 * Other offsets stay as they are. The group's services go on by themselves. Throws an OffsetsError while members read.
 */
export async function skipOffsets(db: Db, options: SkipOptions): Promise<Standing[]> {
  const stranded = await findStranded(options);
  if (stranded.length === 0) return [];
  // The record first, the move last: should the commit fail, the skip is done again or nothing was skipped.
  await db.transaction(async (tx) => {
    for (const standing of stranded) await insertSkip(tx, options.group, standing);
    await moveToStart(options, stranded);
  });
  return stranded;
}

const usage = 'skip-offsets --group <group> --topic <topic> [--partition <number>]';

/** `npm run events -- offsets skip`, inside the service whose group it is. */
export const skipOffsetsCommand: AppCommand = {
  usage,
  async run(app, args) {
    const options = readOptions(args);
    if (!options) {
      process.stderr.write(`Usage: ${usage}\n`);
      return 2;
    }
    const { brokers, topicPrefix = '' } = app.get<MessagingOptions>(MESSAGING_OPTIONS, { strict: false });
    try {
      const skipped = await skipOffsets(app.get(Db, { strict: false }), { ...options, brokers, topicPrefix });
      for (const { topic, partition, committed, start } of skipped)
        process.stdout.write(`${topic} partition ${partition}: ${committed} → ${start}\n`);
      if (skipped.length === 0)
        process.stdout.write('Nothing to skip: the next record is there everywhere.\n');
      return 0;
    } catch (error) {
      if (!(error instanceof OffsetsError)) throw error;
      process.stderr.write(`${error.message}\n`);
      return 1;
    }
  },
};

function readOptions(args: string[]): { group: string; topic: string; partition?: number } | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: { group: { type: 'string' }, topic: { type: 'string' }, partition: { type: 'string' } },
    });
    const { group, topic, partition } = values;
    if (!group || !topic || (partition !== undefined && !/^\d+$/.test(partition))) return undefined;
    return { group, topic, ...(partition !== undefined && { partition: Number(partition) }) };
  } catch {
    return undefined;
  }
}
