import { uuidv7, type Db } from '@nest-arch/database';
import * as queries from './leases.queries.js';

export interface LeaseOptions {
  /** How long a lease lasts without renewal. */
  leaseMs: number;
  /** No send begins with less than this left. */
  marginMs: number;
}

const buckets = 64;

/**
 * The buckets that this relay holds. The database decides who holds which; how long a lease lasts is counted here from
 * before the question was sent, so it ends here earlier than there. Elapsed time is taken from two clocks, for one stands
 * still while a machine sleeps and the other may be set back.
 */
export class Leases {
  readonly holder = uuidv7();
  private held = new Map<number, Instant>();
  private tickedAt: Instant | undefined;

  constructor(
    private readonly db: Db,
    private readonly options: LeaseOptions,
    private readonly onChange: (kind: 'taken' | 'lost' | 'released', count: number) => void,
  ) {}

  holds(bucket: number): boolean {
    return this.isFresh(this.held.get(bucket));
  }

  usable(): number[] {
    return [...this.held.keys()].filter((bucket) => this.holds(bucket));
  }

  /**
   * Answers a question that may be asked often: do these leases still last long enough to begin a send? Buckets that were
   * renewed together share their time. After a tick the answer is no.
   */
  coverOf(wanted: Iterable<number>): () => boolean {
    const { held } = this;
    const times = new Set<Instant | undefined>();
    for (const bucket of wanted) times.add(held.get(bucket));
    return () => {
      if (held !== this.held) return false;
      for (const since of times) if (!this.isFresh(since)) return false;
      return true;
    };
  }

  private isFresh(since: Instant | undefined): boolean {
    return since !== undefined && since.elapsedMs() < this.options.leaseMs - this.options.marginMs;
  }

  get due(): boolean {
    return this.tickedAt === undefined || this.tickedAt.elapsedMs() >= this.options.leaseMs / 4;
  }

  /** Renews, gives back what exceeds a fair share, takes what is free. Never while a send is under way. */
  async tick(): Promise<void> {
    const asked = new Instant();
    const before = new Set(this.held.keys());
    const { kept, released, taken } = await this.db.transaction(async (tx) => {
      const { holder } = this;
      const { leaseMs } = this.options;
      const live = await queries.announce(tx, holder, leaseMs);
      const share = Math.ceil(buckets / Math.max(live, 1));
      const renewed = await queries.renewLeases(tx, holder, leaseMs);
      const surplus = renewed.slice(share);
      if (surplus.length > 0) await queries.releaseLeases(tx, holder, surplus);
      const wanted = share - Math.min(renewed.length, share);
      const taken = wanted > 0 ? await queries.takeLeases(tx, { holder, leaseMs, wanted }) : [];
      return { kept: renewed.slice(0, share), released: surplus, taken };
    });
    this.tickedAt = asked;
    this.held = new Map([...kept, ...taken].map((bucket) => [bucket, asked]));
    this.report({ before, released, taken });
    if (Math.random() < 0.05) await queries.forgetDeadRelays(this.db);
  }

  /** Gives everything back, so that another replica need not wait for the leases to lapse. */
  async releaseAll(): Promise<void> {
    const all = [...this.held.keys()];
    this.held = new Map();
    await queries.releaseLeases(this.db, this.holder, all);
    await queries.retire(this.db, this.holder);
  }

  private report({
    before,
    released,
    taken,
  }: {
    before: Set<number>;
    released: number[];
    taken: number[];
  }): void {
    const lost = [...before].filter((bucket) => !this.held.has(bucket) && !released.includes(bucket));
    if (taken.length > 0) this.onChange('taken', taken.length);
    if (released.length > 0) this.onChange('released', released.length);
    if (lost.length > 0) this.onChange('lost', lost.length);
  }
}

class Instant {
  private readonly monotonic = performance.now();
  private readonly wall = Date.now();

  elapsedMs(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.wall);
  }
}
