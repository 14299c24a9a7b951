import { skipOffsetsCommand } from '../offsets/skip-offsets.js';
import { outboxCommand } from '../outbox/outbox-command.js';
import { snapshotCommand } from '../state/snapshot-command.js';
import type { AppCommand } from './app-command.js';
import { replayCommand } from './replay.js';

/** The verbs that every service with messaging understands. */
export const commands: Readonly<Record<string, AppCommand>> = {
  replay: replayCommand,
  outbox: outboxCommand,
  snapshot: snapshotCommand,
  'skip-offsets': skipOffsetsCommand,
};
