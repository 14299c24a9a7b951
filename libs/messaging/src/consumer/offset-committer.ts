import { Logger } from '@nestjs/common';
import { passed } from '../crash/index.js';
import { partitionKey, type PartitionId } from './incoming.js';

export interface OffsetCommit extends PartitionId {
  offset: string;
}

const pauseMs = 50;
const retryMs = 1_000;

/**
 * Commits offsets behind the workers' backs: one request at a time, each with all that was done meanwhile. A commit that
 * comes late or never costs a second delivery, which the inbox refuses; so nobody waits for it.
 */
export class OffsetCommitter {
  private readonly logger = new Logger('Consumer');
  private readonly pending = new Map<string, OffsetCommit>();
  private starts: OffsetCommit[] = [];
  /** Partitions in which a record was done while they were ours. */
  private readonly begun = new Set<string>();
  private running: Promise<void> | undefined;
  private failures = 0;
  private ending = false;

  constructor(private readonly commit: (offsets: OffsetCommit[]) => Promise<void>) {}

  done(id: PartitionId, offset: string): void {
    this.begun.add(partitionKey(id));
    this.pending.set(partitionKey(id), { ...id, offset });
    this.running ??= this.work();
  }

  /** Commits where reading begins, for partitions without an offset in which nothing is done yet; forgets earlier ones. */
  begin(starts: OffsetCommit[]): void {
    this.starts = starts;
    if (starts.length > 0) this.running ??= this.work();
  }

  /** The partition is somebody else's now: its offset is no longer ours to move. */
  drop(id: PartitionId): void {
    this.pending.delete(partitionKey(id));
    this.begun.delete(partitionKey(id));
  }

  /** Commits what is left, once; nothing is tried again after that. */
  async flush(): Promise<void> {
    this.ending = true;
    await this.running;
    await this.commitPending();
  }

  private async work(): Promise<void> {
    await Promise.resolve();
    const committed = await this.commitPending();
    await new Promise((resolve) => setTimeout(resolve, committed ? pauseMs : retryMs));
    const isLeft = this.pending.size + this.starts.length > 0;
    this.running = isLeft && !this.ending ? this.work() : undefined;
  }

  private async commitPending(): Promise<boolean> {
    const offsets = [...this.pending.values()];
    const starts = (this.starts = this.starts.filter((start) => !this.begun.has(partitionKey(start))));
    if (offsets.length + starts.length === 0) return true;
    try {
      if (starts.length > 0) await this.commit(starts);
      if (this.starts === starts) this.starts = [];
      if (offsets.length > 0) await this.commitDone(offsets);
    } catch (error) {
      this.failures += 1;
      // Every rebalance fails a commit or two; it is worth a word when it goes on.
      const line = `Offsets not committed: ${error instanceof Error ? error.message : String(error)}`;
      if (this.failures % 15 === 0) this.logger.warn(line);
      else this.logger.debug(line);
      return false;
    }
    this.failures = 0;
    for (const offset of offsets) {
      const key = partitionKey(offset);
      if (this.pending.get(key) === offset) this.pending.delete(key);
    }
    return true;
  }

  private async commitDone(offsets: OffsetCommit[]): Promise<void> {
    passed('offset.committing');
    await this.commit(offsets);
    passed('offset.committed');
  }
}
