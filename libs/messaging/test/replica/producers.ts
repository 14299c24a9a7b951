import { userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { execute, one, type Tx } from '@nest-arch/database';
import type { Outbox } from '../../src/index.js';
import { newReplica } from '../support.js';
import type { Ledger } from './ledger.js';

export interface Load {
  events: number;
  /** They write events, and every tenth of them states. */
  users: string[];
  /** Transactions under way at a time. */
  writers: number;
}

const mostPerTransaction = 5;

/** Writes under load: many transactions at a time, on users that several of them want, some rolled back at the end. */
export async function produce(ledger: Ledger, { events, users, writers }: Load): Promise<void> {
  // Only its outbox is used: the relays are the replicas'.
  const { outbox, stop } = newReplica(ledger.spec);
  let left = events;
  const work = async () => {
    while (left > 0) {
      const count = Math.min(left, 1 + Math.floor(Math.random() * mostPerTransaction));
      left -= count;
      const index = Math.floor(Math.random() * users.length);
      await change(ledger, outbox, { userId: users[index] ?? '', count, isState: index % 10 === 0 });
    }
  };
  await Promise.all(Array.from({ length: writers }, work));
  await stop();
}

interface Change {
  userId: string;
  count: number;
  isState: boolean;
}

async function change(ledger: Ledger, outbox: Outbox, { userId, count, isState }: Change): Promise<void> {
  const write = async (tx: Tx) => {
    const { version } = await one<{ version: number }>(
      tx,
      `insert into users as u values ($1, $2)
       on conflict (user_id) do update set version = u.version + $2 returning version`,
      [userId, count],
    );
    await execute(tx, `insert into written select $1, n, $4 from generate_series($2::int, $3::int) n`, [
      userId,
      version - count + 1,
      version,
      isState ? 'state' : 'event',
    ]);
    for (let n = version - count + 1; n <= version; n += 1) {
      const options = { key: userId, version: n };
      if (isState) await outbox.add(tx, userStateV1, { ...userStateV1.fixture, userId, version: n }, options);
      else
        await outbox.add(tx, userRegisteredV1, { ...userRegisteredV1.fixture, userId, version: n }, options);
    }
  };
  if (Math.random() < 0.02) {
    const rolledBack = ledger.spec.db.transaction(async (tx) => {
      await write(tx);
      throw new ChangedMind();
    });
    await rolledBack.catch((error: unknown) => {
      if (!(error instanceof ChangedMind)) throw error;
    });
  }
  await ledger.spec.db.transaction(write);
}

class ChangedMind extends Error {}
