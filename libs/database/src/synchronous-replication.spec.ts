import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Db } from './db.js';
import { CommitUnknownError } from './errors.js';
import { execute, many, maybeOne, one } from './sql.js';
import { onServer, openTestDatabase, until } from './test-database.js';

let db: Db;
let drop: () => Promise<void>;
let durability: string;

// The standby that never answers is a setting of the whole server, which other spec files share. So first every session
// is told not to wait for standbys; the one transaction below that wants to wait says so itself.
beforeAll(async () => {
  ({ db, drop } = await openTestDatabase());
  await execute(db, 'create table notes (body text not null)');
  durability = await current('synchronous_commit');
  if (waitsByDefault()) await setting(`set synchronous_commit = 'local'`, 'synchronous_commit', 'local');
  await setting(`set synchronous_standby_names = 'nobody'`, 'synchronous_standby_names', 'nobody');
});

afterAll(async () => {
  await setting('reset synchronous_standby_names', 'synchronous_standby_names', '');
  if (waitsByDefault()) await setting('reset synchronous_commit', 'synchronous_commit', durability);
  await drop();
});

it('an abandoned wait for the standby is an unknown outcome, although Postgres answers COMMIT', async () => {
  let pid = 0;
  let announced = false;
  const attempt = db.transaction(async (tx) => {
    tx.afterCommit(() => void (announced = true));
    await execute(tx, 'set local synchronous_commit = on');
    await execute(tx, `insert into notes values ('local only')`);
    pid = (await one<{ pid: number }>(tx, 'select pg_backend_pid() as pid')).pid;
  });
  attempt.catch(() => undefined);
  await until(() => waitsForStandby(pid));
  await execute(db, 'select pg_cancel_backend($1)', [pid]);

  await expect(attempt).rejects.toThrow(CommitUnknownError);
  expect(announced).toBe(false);
  // The row is there, here: a failover to a standby would not have it.
  expect(await many(db, 'select body from notes')).toEqual([{ body: 'local only' }]);
});

it('a warning of our own triggers is not mistaken for it', async () => {
  await execute(
    db,
    `create function warn() returns trigger language plpgsql as $$ begin raise warning 'mind'; return null; end $$`,
  );
  await execute(
    db,
    `create constraint trigger notes_warn after insert on notes deferrable initially deferred
       for each row execute function warn()`,
  );
  await expect(db.transaction((tx) => execute(tx, `insert into notes values ('b')`))).resolves.toBe(1);
});

async function setting(change: string, name: string, value: string): Promise<void> {
  await onServer(`alter system ${change}`);
  await onServer('select pg_reload_conf()');
  await until(async () => (await current(name)) === value);
  // Whether commits wait at all is a flag that the checkpointer sets, when it has read the new setting: always before the
  // checkpoint that it is asked for now, but not at once while it is busy with another.
  await onServer('checkpoint');
}

async function current(name: string): Promise<string> {
  return (await one<{ value: string }>(db, 'select current_setting($1) as value', [name])).value;
}

// A server for tests alone is often started with `synchronous_commit=off`, which alter system cannot overrule.
function waitsByDefault(): boolean {
  return !['off', 'local'].includes(durability);
}

async function waitsForStandby(pid: number): Promise<boolean> {
  const row = await maybeOne(db, `select 1 from pg_stat_activity where pid = $1 and wait_event = 'SyncRep'`, [
    pid,
  ]);
  return row !== null;
}
