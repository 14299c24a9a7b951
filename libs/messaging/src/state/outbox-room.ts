import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from '@nest-arch/database';
import { countPending } from '../outbox/outbox.queries.js';

/** Resolves when fewer than `most` rows wait in the outbox: who writes many leaves room for the events of people. */
export async function outboxRoom(
  db: Queryable,
  { most, signal }: { most: number; signal?: AbortSignal | undefined },
): Promise<void> {
  for (let waitMs = 10; (await countPending(db, most)) >= most; waitMs = Math.min(waitMs * 2, 200)) {
    signal?.throwIfAborted();
    await sleep(waitMs);
  }
  signal?.throwIfAborted();
}
