import type { Composed } from '../composed.ts';
import { Person } from '../person.ts';

/** People who register at a steady rate, whatever becomes of those before them. */
export class Arrivals {
  /** Answered with 202, in the order of the calls. */
  readonly registered: Person[] = [];
  /** What the others were told. */
  readonly failures: string[] = [];
  /** The longest time of an answer, in milliseconds. */
  slowestMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly world: Composed,
    private readonly everyMs: number,
  ) {}

  start(): void {
    let count = 0;
    this.timer = setInterval(() => {
      const arrival = this.arrive(new Person(this.world, `Steady Person${count++}`)).finally(() =>
        this.underWay.delete(arrival),
      );
      this.underWay.add(arrival);
    }, this.everyMs);
  }

  /** Resolves when everybody has an answer. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
  }

  private async arrive(person: Person): Promise<void> {
    const startedAt = performance.now();
    const status = await person.register().then(
      (answer) => answer.status,
      (error: unknown) => String(error),
    );
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
    if (status === 202) this.registered.push(person);
    else this.failures.push(String(status));
  }
}
