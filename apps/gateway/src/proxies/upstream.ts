import { Pool } from 'undici';
import type { UpstreamName } from '../routes/route.js';

/** Something that wants a connection. */
export interface Waiter {
  /** Its turn has come; it holds a place until it calls `release`. */
  begin(): void;
}

export interface UpstreamLimits {
  /** Requests that run at a time. */
  readonly connections: number;
  /** Requests that wait beside them. */
  readonly queue: number;
}

/**
 * One service behind the gateway: a pool of kept connections and a bounded queue in front of it. The queue is ours, not
 * undici's, so that who gives up waiting leaves without costing a connection.
 */
export class Upstream {
  readonly pool: Pool;
  private running = 0;
  private readonly waiting = new Set<Waiter>();

  constructor(
    readonly name: UpstreamName,
    url: string,
    private readonly limits: UpstreamLimits,
  ) {
    this.pool = new Pool(url, {
      connections: limits.connections,
      // One request a connection at a time: a slow answer holds up nobody.
      pipelining: 1,
      connectTimeout: 2_000,
      // Shorter than the services' own (72 s), or we would write to connections that are just being closed.
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 60_000,
      // Every exchange has a deadline of its own, which also covers the queue.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  get load(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiting.size };
  }

  /** False when the queue is full; else `begin` is called, at once or later. */
  admit(waiter: Waiter): boolean {
    if (this.running < this.limits.connections) {
      this.running += 1;
      waiter.begin();
      return true;
    }
    if (this.waiting.size >= this.limits.queue) return false;
    this.waiting.add(waiter);
    return true;
  }

  /** Gives up waiting, or gives back the place. */
  release(waiter: Waiter): void {
    if (this.waiting.delete(waiter)) return;
    const [next] = this.waiting;
    if (!next) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next.begin();
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
