import { topics } from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import type { AppCommand } from '../commands/app-command.js';
import { isUuid } from '../inbox/inbox-id.js';
import { dropDeadRow, listDeadRows, requeueDeadRow } from './dead-rows.queries.js';

const usage = 'outbox list | requeue <id> … | drop <id> …';
const mostListed = 200;

/** An old state behind a newer one would be the last one for every reader to come. */
const stateTopics = Object.values(topics)
  .filter(({ kind }) => kind === 'state')
  .map(({ name }) => name);

/** What to do about rows that Kafka did not take for what is in them, once their cause is removed. */
export const outboxCommand: AppCommand = {
  usage,
  async run(app, [verb, ...ids]) {
    const db = app.get(Db, { strict: false });
    if (verb === 'list' && ids.length === 0) return list(db);
    const isSound = ids.length > 0 && ids.every((id) => isUuid(id));
    if (isSound && verb === 'requeue') return each(ids, (id) => requeue(db, id));
    if (isSound && verb === 'drop') return each(ids, (id) => drop(db, id));
    process.stderr.write(`Usage: ${usage}\n`);
    return 2;
  },
};

async function list(db: Db): Promise<number> {
  const rows = await listDeadRows(db, mostListed);
  for (const { id, deadAt, reason, type, key } of rows)
    print(`${id}  ${deadAt.toISOString()}  ${reason}  ${type}  ${key}`);
  print(rows.length < mostListed ? `${rows.length} rows` : `the oldest ${mostListed} rows`);
  return 0;
}

/** 1 when one of them could not be found. */
async function each(ids: string[], act: (id: string) => Promise<boolean>): Promise<number> {
  let missed = 0;
  for (const id of ids) if (!(await act(id))) missed += 1;
  return missed === 0 ? 0 : 1;
}

async function requeue(db: Db, id: string): Promise<boolean> {
  const isDone = await db.transaction((tx) => requeueDeadRow(tx, id, stateTopics));
  print(
    isDone
      ? `${id} is in the outbox again`
      : `${id} is no dead row, or one of a state topic: drop that, the comparison announces the row as it is now`,
  );
  return isDone;
}

async function drop(db: Db, id: string): Promise<boolean> {
  const isDone = await db.transaction((tx) => dropDeadRow(tx, id));
  print(isDone ? `${id} is dropped` : `${id} is no dead row`);
  return isDone;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
