import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Entity } from 'typeorm';
import { IdColumn, TextColumn } from './columns.js';
import type { Db } from './db.js';
import { CommitRolledBackError, CommitUnknownError, TransactionClosedError, isTransient } from './errors.js';
import { uuidv7 } from './index.js';
import { execute, many, maybeOne, one } from './sql.js';
import { openTestDatabase, until } from './test-database.js';
import type { Tx } from './tx.js';

@Entity('notes')
class Note {
  @IdColumn() noteId!: string;
  @TextColumn() body!: string;
}

let db: Db;
let drop: () => Promise<void>;

beforeAll(async () => {
  Logger.overrideLogger(false);
  ({ db, drop } = await openTestDatabase({ entities: [Note] }));
  await execute(
    db,
    `create table notes (note_id uuid primary key, body text not null,
       constraint notes_body_key unique (body) deferrable initially deferred)`,
  );
});

beforeEach(() => execute(db, 'truncate notes'));

afterAll(() => drop());

const write = (on: Db | Tx, body: string) =>
  execute(on, 'insert into notes (note_id, body) values ($1, $2)', [uuidv7(), body]);
const bodies = async () =>
  (await many<{ body: string }>(db, 'select body from notes order by body')).map((n) => n.body);
const pidOf = async (on: Db | Tx) => (await one<{ pid: number }>(on, 'select pg_backend_pid() as pid')).pid;
const kill = (pid: number) => execute(db, 'select pg_terminate_backend($1)', [pid]);

describe('a transaction', () => {
  it('stores everything and answers what its callback answers', async () => {
    const answer = await db.transaction(async (tx) => {
      await write(tx, 'a');
      await write(tx, 'b');
      return 'done';
    });

    expect(answer).toBe('done');
    expect(await bodies()).toEqual(['a', 'b']);
  });

  it('stores nothing when its callback throws, and throws the same error', async () => {
    const failure = new Error('changed my mind');

    const attempt = db.transaction(async (tx) => {
      await write(tx, 'a');
      throw failure;
    });

    await expect(attempt).rejects.toBe(failure);
    expect(await bodies()).toEqual([]);
  });

  it('includes what TypeORM saves through its manager', async () => {
    const attempt = db.transaction(async (tx) => {
      await tx.manager.save(Note, { noteId: uuidv7(), body: 'saved' });
      expect(await maybeOne(tx, 'select 1 from notes')).not.toBeNull();
      throw new Error('after the save');
    });

    await expect(attempt).rejects.toThrow('after the save');
    expect(await bodies()).toEqual([]);

    await db.transaction((tx) => tx.manager.save(Note, { noteId: uuidv7(), body: 'saved' }));
    expect(await bodies()).toEqual(['saved']);
  });

  it('can be opened in no other way, and not inside another', async () => {
    await expect(db.dataSource.transaction(async () => 1)).rejects.toThrow('db.transaction alone');
    await expect(db.dataSource.manager.transaction(async () => 1)).rejects.toThrow('db.transaction alone');
    await expect(db.transaction((tx) => tx.manager.transaction(async () => 1))).rejects.toThrow(
      'not offered',
    );
  });

  it('refuses statements after its end', async () => {
    let leaked: Tx | undefined;
    await db.transaction(async (tx) => void (leaked = tx));

    await expect(write(leaked!, 'late')).rejects.toThrow(TransactionClosedError);
    expect(() => leaked!.manager).toThrow(TransactionClosedError);
    expect(() => leaked!.afterCommit(() => undefined)).toThrow(TransactionClosedError);
  });

  it('bounds its statements alone by the timeout it was given', async () => {
    const slow = db.transaction((tx) => execute(tx, 'select pg_sleep(5)'), { statementTimeoutMs: 50 });

    await expect(slow).rejects.toMatchObject({ code: '57014' });
    for (let i = 0; i < 6; i++) {
      expect(await one(db, 'show statement_timeout')).toEqual({ statement_timeout: '5s' });
    }
  });
});

describe('COMMIT', () => {
  const swallow = async (tx: Tx) => {
    await write(tx, 'lost');
    await execute(tx, 'select 1 / 0').catch(() => undefined);
  };

  it('that Postgres turned into a rollback goes unnoticed in TypeORM', async () => {
    const runner = db.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`insert into notes values ('${uuidv7()}', 'lost')`);
    await runner.query('select 1 / 0').catch(() => undefined);

    await expect(runner.commitTransaction()).resolves.toBeUndefined();

    await runner.release();
    expect(await bodies()).toEqual([]);
  });

  it('that Postgres turned into a rollback is an error here, with the swallowed one as its cause', async () => {
    const attempt = db.transaction(swallow);

    await expect(attempt).rejects.toThrow(CommitRolledBackError);
    await expect(attempt).rejects.toMatchObject({ cause: { code: '22012' } });
    expect(await bodies()).toEqual([]);
  });

  it('that breaks a deferred constraint says so', async () => {
    const attempt = db.transaction(async (tx) => {
      await write(tx, 'twin');
      await write(tx, 'twin');
    });

    await expect(attempt).rejects.toMatchObject({ code: '23505', constraint: 'notes_body_key' });
    expect(await bodies()).toEqual([]);
  });

  it('leaves a connection that serves the next transaction', async () => {
    const small = await openTestDatabase({ poolSize: 1 });
    await small.db
      .transaction(async (tx) => void (await execute(tx, 'select 1 / 0').catch(() => 0)))
      .catch(() => 0);
    await small.db.transaction(async (tx) => execute(tx, 'create table later (id int)'));

    expect(await small.db.transaction((tx) => many(tx, 'select id from later'))).toEqual([]);
    await small.drop();
  });
});

describe('a killed connection', () => {
  it('between two statements fails the transaction and leaves the pool', async () => {
    let pid = 0;
    const attempt = db.transaction(async (tx) => {
      await write(tx, 'a');
      pid = await pidOf(tx);
      await kill(pid);
      await write(tx, 'b');
    });

    expect(isTransient(await attempt.catch((error: unknown) => error))).toBe(true);
    expect(await bodies()).toEqual([]);
    const pids = await Promise.all(Array.from({ length: 10 }, () => db.transaction(pidOf)));
    expect(pids).not.toContain(pid);
  });

  it('noticed before COMMIT is sent is a plain failure: nothing can have been stored', async () => {
    const attempt = db.transaction(async (tx) => {
      await write(tx, 'a');
      await kill(await pidOf(tx));
      await new Promise((resolve) => setTimeout(resolve, 100));
    });

    await expect(attempt).rejects.not.toThrow(CommitUnknownError);
    expect(await bodies()).toEqual([]);
  });

  it('during COMMIT leaves the outcome unknown', async () => {
    await execute(
      db,
      `create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(5); return null; end $$`,
    );
    await execute(
      db,
      `create constraint trigger notes_dawdle after insert on notes deferrable initially deferred
         for each row execute function dawdle()`,
    );
    let pid = 0;
    const attempt = db.transaction(async (tx) => {
      pid = await pidOf(tx);
      await write(tx, 'a');
    });
    attempt.catch(() => undefined);
    await until(async () => (await activityOf(pid)) === 'COMMIT');
    await kill(pid);

    await expect(attempt).rejects.toThrow(CommitUnknownError);
    await execute(db, 'drop function dawdle cascade');
  });
});

describe('afterCommit', () => {
  it('runs in order, and only once the change can be seen by others', async () => {
    const seen: unknown[] = [];
    await db.transaction(async (tx) => {
      tx.afterCommit(() => seen.push('first'));
      tx.afterCommit(() => seen.push('second'));
      await write(tx, 'a');
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['first', 'second']);
  });

  it('does not run after a rollback, wanted or silent', async () => {
    let calls = 0;
    const count = () => void calls++;
    const wanted = db.transaction(async (tx) => {
      tx.afterCommit(count);
      throw new Error('no');
    });
    const silent = db.transaction(async (tx) => {
      tx.afterCommit(count);
      await execute(tx, 'select 1 / 0').catch(() => undefined);
    });

    await Promise.allSettled([wanted, silent]);
    expect(calls).toBe(0);
  });

  it('cannot fail a transaction that has been committed', async () => {
    const answer = await db.transaction(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('too late');
      });
      return 'done';
    });
    expect(answer).toBe('done');
  });
});

async function activityOf(pid: number): Promise<string | undefined> {
  return (await maybeOne<{ query: string }>(db, 'select query from pg_stat_activity where pid = $1', [pid]))
    ?.query;
}
