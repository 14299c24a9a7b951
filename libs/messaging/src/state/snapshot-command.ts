import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Db } from '@nest-arch/database';
import type { AppCommand } from '../commands/app-command.js';
import { isUuid } from '../inbox/inbox-id.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import { Outbox } from '../outbox/outbox.js';
import { countUpTo, latestSeq } from '../outbox/outbox.queries.js';
import { Relay } from '../outbox/relay.js';
import { StateSnapshot, type SnapshotProgress } from './snapshot.js';
import { hasRows, type StateSource } from './state-source.js';

const usage = 'snapshot --topic <state topic> [--after <user id>]';
const reportEveryMs = 5_000;

/** Sends the present state of every row of a state topic's table to the topic again. */
export const snapshotCommand: AppCommand = {
  usage,
  async run(app, args) {
    const options = app.get<MessagingOptions>(MESSAGING_OPTIONS, { strict: false });
    const wanted = readArgs(args);
    const source = wanted && findSource(options, wanted.topic);
    if (!source) return refuse(options, wanted?.topic);
    const db = app.get(Db, { strict: false });
    const relay = app.get(Relay, { strict: false });
    // Also while the service is down: relays share the buckets, however many there are.
    relay.start();
    const snapshot = new StateSnapshot({ db, outbox: app.get(Outbox, { strict: false }), source });
    const report = reporter();
    const { rows } = await snapshot.run({ after: wanted.after, onProgress: report });
    await untilSent(db);
    print(`${rows} rows of ${wanted.topic} sent, ${report.rate(rows)} a second`);
    return 0;
  },
};

function readArgs(args: string[]): { topic: string; after: string | null } | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: { topic: { type: 'string' }, after: { type: 'string' } },
    });
    const { topic, after = null } = values;
    return topic === undefined || (after !== null && !isUuid(after)) ? undefined : { topic, after };
  } catch {
    return undefined;
  }
}

function findSource({ states = [] }: MessagingOptions, topic: string): StateSource | undefined {
  return states.filter(hasRows).find(({ event }) => event.topic.name === topic);
}

function refuse({ states = [] }: MessagingOptions, topic: string | undefined): number {
  const known = states.filter(hasRows).map(({ event }) => event.topic.name);
  const complaint = topic === undefined ? '' : `No table of this service is behind ${topic}.\n`;
  process.stderr.write(`${complaint}Usage: ${usage}\nTopics: ${known.join(', ') || 'none'}\n`);
  return 2;
}

/** What others write meanwhile is not waited for. */
async function untilSent(db: Db): Promise<void> {
  const last = await latestSeq(db);
  if (last === null) return;
  let said = performance.now();
  for (let left = await countUpTo(db, last); left > 0; left = await countUpTo(db, last)) {
    if (performance.now() - said > reportEveryMs) print(`${left} rows still wait in the outbox`);
    if (performance.now() - said > reportEveryMs) said = performance.now();
    await sleep(100);
  }
}

function reporter() {
  const started = performance.now();
  let reported = started;
  const rate = (rows: number) => Math.round(rows / Math.max((performance.now() - started) / 1000, 0.001));
  const report = ({ rows, lastKey }: SnapshotProgress) => {
    if (performance.now() - reported < reportEveryMs) return;
    reported = performance.now();
    print(
      `${rows} rows so far, ${rate(rows)} a second; should this be interrupted, go on with --after ${lastKey}`,
    );
  };
  return Object.assign(report, { rate });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
