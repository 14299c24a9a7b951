import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Db } from '@nest-arch/database';
import { endChore, ensureChore, holdChore, takeChore } from './chores.queries.js';

export interface Chore {
  name: string;
  everyMs: number;
  /** When it is due for the first time ever; later starts of the process change nothing. */
  firstAfterMs: number;
  /** Gives up when the signal says that the process stops. */
  run(signal: AbortSignal): Promise<void>;
}

const holdMs = 120_000;
const retryMs = 60_000;
const longestLookMs = 30_000;

/** Work that one replica at a time does now and then. Which one, and when, the database decides; times are its own. */
export class Chores {
  private readonly logger = new Logger('Chores');
  private readonly stopping = new AbortController();
  private running: Promise<unknown> | undefined;

  constructor(
    private readonly db: Db,
    private readonly chores: readonly Chore[],
  ) {}

  start(): void {
    this.running ??= Promise.all(this.chores.map((chore) => this.keepUp(chore)));
  }

  /** Resolves when nothing runs any more; what was interrupted is due again at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async keepUp(chore: Chore): Promise<void> {
    const { signal } = this.stopping;
    let isKnown = false;
    while (!signal.aborted) {
      try {
        if (!isKnown) await this.ensure(chore);
        isKnown = true;
        if (await takeChore(this.db, chore.name, holdMs)) await this.perform(chore);
      } catch (error) {
        this.logger.warn(`${chore.name}: ${describe(error)}`);
      }
      const lookMs = Math.min(longestLookMs, chore.everyMs / 4) * (0.75 + Math.random() / 2);
      await sleep(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** An interval that is shorter than the last release's counts at once, but cuts nobody's hold short. */
  private async ensure({ name, everyMs, firstAfterMs }: Chore): Promise<void> {
    await ensureChore(this.db, { name, firstAfterMs, withinMs: Math.max(everyMs, holdMs) });
  }

  private async perform({ name, everyMs, run }: Chore): Promise<void> {
    const { signal } = this.stopping;
    const hold = setInterval(() => {
      holdChore(this.db, name, holdMs).catch(() => undefined);
    }, holdMs / 4);
    let nextInMs = everyMs;
    try {
      await run(signal);
    } catch (error) {
      nextInMs = signal.aborted ? 0 : Math.min(everyMs, retryMs);
      if (!signal.aborted)
        this.logger.warn(`${name} failed, next in ${nextInMs / 1000} s: ${describe(error)}`);
    } finally {
      clearInterval(hold);
    }
    await endChore(this.db, { name, nextInMs, isDone: nextInMs === everyMs });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
