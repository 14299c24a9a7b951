/** Runs at most `concurrency` pieces of work at a time and lets at most `maxWaiting` wait; `run` answers null beyond. */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: { concurrency: number; maxWaiting: number }) {}

  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Null when the queue is full; else the promise of the result. */
  run<T>(work: () => Promise<T>): Promise<T> | null {
    if (this.running >= this.limits.concurrency && this.waiting.length >= this.limits.maxWaiting) return null;
    return this.runWhenFree(work);
  }

  private async runWhenFree<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limits.concurrency) await new Promise<void>((go) => this.waiting.push(go));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so nobody can overtake.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
