// npm run events -- dlq …: what became of records that a group could not handle, and what to do about them.
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { deadLetterId, subscriptions, topics } from '@nest-arch/contracts';
import { DeadLetters, parseId, type DeadLetter } from '@nest-arch/messaging/dead-letters';
import { StepError } from '../bootstrap/progress.mjs';
import { kafkaAccess } from './brokers.ts';
import { letterJson, letterTable, letterText } from './dlq-text.ts';
import { printableJson } from './text.ts';

export const usage = `Usage: npm run events -- dlq <what>

  list    [--group <group>] [--topic <topic>] [--limit <n>] [--after <id>] [--json]
  show    <id> [--json] [--raw] [--show-personal]
  replay  <id> … [--json]       hands the records to their group again
  replay  --group <group> [--topic <topic>] --all
  drop    <id> … [--json]       closes the letters without effect
  drop    --group <group> [--topic <topic>] --all --yes

An id is <dead-letter topic>:<partition>:<offset>, as the list says it. Without --group, the letters of all groups.
Ends with 0 when done, 1 when a letter is not open (any more) or Kafka does not answer, 2 when the arguments make no sense.`;

const options = {
  group: { type: 'string' },
  topic: { type: 'string' },
  limit: { type: 'string', default: '100' },
  after: { type: 'string' },
  all: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  raw: { type: 'boolean', default: false },
  'show-personal': { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>['values'];

interface Call {
  letters: DeadLetters;
  ids: string[];
  values: Values;
}

const commands: Record<string, (call: Call) => Promise<number>> = { list, show, replay, drop };

/** Wrong arguments: the usage is printed with it. */
class UsageError extends Error {}

export async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    const [name = '', ...ids] = positionals;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(name ? `There is no "dlq ${name}".` : 'What is to be done?');
    for (const id of [...ids, ...(values.after === undefined ? [] : [values.after])])
      if (!deadLetterId.safeParse(id).success) throw new UsageError(`Not the id of a dead letter: ${id}`);
    return await withLetters((letters) => command({ letters, ids, values }));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function withLetters(work: (letters: DeadLetters) => Promise<number>): Promise<number> {
  const access = kafkaAccess();
  // What matters of a failure is said at the end; the retries before it are not.
  Logger.overrideLogger(false);
  const letters = new DeadLetters({ ...access, timeoutMs: 60_000 });
  try {
    return await work(letters);
  } catch (error) {
    const { name, message } = error as Error;
    if (!name.startsWith('KafkaJS') && name !== 'DeadLettersTimeoutError') throw error;
    throw new StepError(
      `Kafka at ${access.brokers.join(', ')} does not do it: ${message}`,
      'see whether it runs, and try again: nothing is lost, and what was done already is not done twice',
    );
  } finally {
    await letters.disconnect();
  }
}

async function list({ letters, ids, values }: Call): Promise<number> {
  const limit = Number(values.limit);
  if (ids.length > 0) throw new UsageError('list takes no ids.');
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new UsageError('--limit is a number from 1 to 10000.');
  const after = values.after === undefined ? undefined : parseId(values.after);
  const { items, next } = await letters.page({ ...chosen(values), limit, after });
  const last = next && `${next.topic}:${next.partition}:${next.offset}`;
  if (values.json) {
    console.log(printableJson({ items: items.map((item) => summary(item)), nextCursor: last }, 2));
  } else {
    console.log(items.length === 0 ? 'No dead letters.' : letterTable(items));
    if (last) console.log(`\nThere may be more: --after ${last}`);
  }
  return 0;
}

async function show({ letters, ids, values }: Call): Promise<number> {
  const [id] = ids;
  if (id === undefined || ids.length > 1) throw new UsageError('show takes one id.');
  const letter = await letters.show(id);
  if (!letter) return notOpen([id]);
  const how = { raw: values.raw, showPersonal: values['show-personal'] };
  console.log(values.json ? printableJson(letterJson(letter, how), 2) : letterText(letter, how));
  return 0;
}

async function replay(call: Call): Promise<number> {
  return inChunks(call, async (ids) => Object.fromEntries(await call.letters.replayAll(ids)));
}

async function drop(call: Call): Promise<number> {
  if (call.values.all && !call.values.yes)
    throw new UsageError('drop --all throws records away for good. Say it with --yes.');
  return inChunks(call, async (ids) =>
    Object.fromEntries((await call.letters.dropAll(ids)).map((id) => [id, 'dropped'])),
  );
}

async function inChunks(
  call: Call,
  work: (ids: string[]) => Promise<Record<string, string>>,
): Promise<number> {
  const ids = await chosenIds(call);
  const { json, all } = call.values;
  const done: Record<string, string> = {};
  for (let at = 0; at < ids.length; at += 500) {
    const now = await work(ids.slice(at, at + 500));
    Object.assign(done, now);
    if (!json) for (const [id, what] of Object.entries(now)) console.log(`${what.padEnd(10)}  ${id}`);
  }
  if (json) console.log(JSON.stringify(done, null, 2));
  if (all) console.error(`${Object.keys(done).length} of ${ids.length} letters.`);
  return verdict(ids, done, all);
}

function verdict(ids: string[], done: Record<string, string>, all: boolean): number {
  // Of all, some may have been dealt with by somebody else in the meantime.
  const missing = all ? [] : ids.filter((id) => !Object.hasOwn(done, id));
  const isGone = Object.values(done).includes('gone');
  if (isGone)
    console.error('gone: neither the letter nor its topic has the record any more; it can only be dropped.');
  return notOpen(missing) || Number(isGone);
}

async function chosenIds(call: Call): Promise<string[]> {
  if (call.values.all) return allIds(call);
  if (call.ids.length === 0) throw new UsageError('Which letters? Give ids, or --group and --all.');
  return [...new Set(call.ids)];
}

/** Taken down before the first is touched: a replay that fails again makes a new letter. */
async function allIds({ letters, ids, values }: Call): Promise<string[]> {
  if (ids.length > 0 || !values.group) throw new UsageError('--all goes with --group, not with ids.');
  return letters.ids(chosen(values));
}

function chosen({ group, topic }: Values) {
  const groups = Object.keys(subscriptions);
  const names = Object.values(topics).map(({ name }) => name as string);
  if (group !== undefined && !groups.includes(group))
    throw new UsageError(`There is no group "${group}". There are ${groups.join(', ')}.`);
  if (topic !== undefined && !names.includes(topic)) throw new UsageError(`There is no topic "${topic}".`);
  return { groups: group === undefined ? groups : [group], topics: topic === undefined ? names : [topic] };
}

function summary({ data: _data, value: _value, headers: _headers, ...rest }: DeadLetter) {
  return rest;
}

function notOpen(ids: string[]): number {
  for (const id of ids) console.error(`Not open: ${id}. It never was, or somebody has dealt with it.`);
  return ids.length > 0 ? 1 : 0;
}
