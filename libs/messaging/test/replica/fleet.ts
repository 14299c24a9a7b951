import type { Ledger } from './ledger.js';
import { Replica } from './replica.js';

/** Replicas of one service that come and go. */
export class Fleet {
  /** Generations of the consumer group so far. */
  rebalances = 0;
  killed = 0;
  private readonly running: Replica[] = [];

  constructor(private readonly ledger: Ledger) {}

  get size(): number {
    return this.running.length;
  }

  async add(count = 1): Promise<void> {
    const started = await Promise.all(
      Array.from({ length: count }, () =>
        Replica.start(this.ledger.options, { onLead: () => (this.rebalances += 1) }),
      ),
    );
    this.running.push(...started);
  }

  /** By SIGKILL, the oldest first. */
  async kill(): Promise<void> {
    this.killed += 1;
    await this.running.shift()?.kill();
  }

  /** In order, the oldest first. */
  async stop(): Promise<void> {
    await this.running.shift()?.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.running.splice(0).map((replica) => replica.kill()));
  }
}
