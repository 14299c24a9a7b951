import type { Db } from '@nest-arch/database';
import type { Outbox } from '../outbox/outbox.js';
import { stateMetrics } from './metrics.js';
import { outboxRoom } from './outbox-room.js';
import { erasedAmong } from './state.queries.js';
import type { StateSource } from './state-source.js';

export interface SnapshotParts {
  db: Db;
  outbox: Outbox;
  source: StateSource;
  /** Rows in one transaction. Default 500. */
  pageSize?: number;
  /** Rows that may wait in the outbox before the next page. Default 10,000. */
  mostPending?: number;
}

export interface SnapshotRun {
  /** Begins behind this key: where an earlier run ended. */
  after?: string | null;
  signal?: AbortSignal;
  onProgress?(progress: SnapshotProgress): void;
}

export interface SnapshotProgress {
  rows: number;
  lastKey: string | null;
}

/**
 * Announces every row of a table anew, at the version that it has: for a topic that was lost, or a deployment that begins
 * with data. May be repeated, and begun anew where it ended: readers know a version that they have had.
 */
export class StateSnapshot {
  constructor(private readonly parts: SnapshotParts) {}

  async run({ after = null, signal, onProgress }: SnapshotRun = {}): Promise<SnapshotProgress> {
    const { db, source, pageSize = 500, mostPending = 10_000 } = this.parts;
    const progress: SnapshotProgress = { rows: 0, lastKey: after };
    for (;;) {
      await outboxRoom(db, { most: mostPending, signal });
      const page = await source.page(db, { after: progress.lastKey, limit: pageSize });
      const keys = page.map(({ key }) => key);
      if (keys.length > 0) progress.rows += await this.announce(keys);
      progress.lastKey = keys.at(-1) ?? progress.lastKey;
      onProgress?.({ ...progress });
      if (page.length < pageSize) return progress;
    }
  }

  /** Under the rows' locks: a change that commits in between would otherwise be followed by the state before it. */
  private announce(keys: string[]): Promise<number> {
    const { db, outbox, source } = this.parts;
    return db.transaction(async (tx) => {
      const rows = await source.lock(tx, keys);
      // A restored backup may know people whom the service has since erased.
      const erased = await erasedAmong(tx, keys);
      const announced = rows.filter(({ key }) => !erased.has(key));
      await outbox.addAll(tx, source.event, announced);
      stateMetrics.snapshot.inc({ topic: source.event.topic.name }, announced.length);
      return announced.length;
    });
  }
}
