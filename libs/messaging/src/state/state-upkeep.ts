import type { Db } from '@nest-arch/database';
import type { MessagingOptions } from '../options.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Publisher } from '../outbox/publisher.js';
import { Chores, type Chore } from './chores.js';
import { StateComparison } from './comparison.js';
import { Heartbeats } from './heartbeats.js';
import { hasRows, type StateSource } from './state-source.js';

export interface StateUpkeepOptions {
  /** Default one hour: the topics' segments are as long. */
  heartbeatEveryMs?: number;
  /** Default one day. */
  compareEveryMs?: number;
}

export interface StateUpkeepParts {
  db: Db;
  outbox: Outbox;
  publisher: Publisher;
  options: MessagingOptions;
}

const hourMs = 3_600_000;

/** What the owner of state topics does for them by itself: heartbeats, and the comparison with its tables. */
export class StateUpkeep {
  private readonly chores: Chores;

  constructor(private readonly parts: StateUpkeepParts) {
    this.chores = new Chores(parts.db, this.choresOf(parts.options));
  }

  start(): void {
    this.chores.start();
  }

  async stop(): Promise<void> {
    await this.chores.stop();
  }

  private choresOf({ states = [], upkeep = {}, ...options }: MessagingOptions): Chore[] {
    if (states.length === 0 || upkeep === false) return [];
    const { heartbeatEveryMs = hourMs, compareEveryMs = 24 * hourMs } = upkeep;
    const { brokers, appName, topicPrefix = '' } = options;
    const topics = states.map(({ event }) => event.topic);
    const heartbeats = new Heartbeats({
      ...{ brokers, appName, topicPrefix, topics },
      publisher: this.parts.publisher,
    });
    const beat: Chore = {
      name: 'state.heartbeats',
      everyMs: heartbeatEveryMs,
      firstAfterMs: 0,
      run: (signal) => unlessAborted(heartbeats.beat(), signal),
    };
    const comparisons = states.filter(hasRows).map((source) => this.comparison(source, compareEveryMs));
    return [beat, ...comparisons];
  }

  private comparison(source: StateSource, everyMs: number): Chore {
    const { db, outbox, options } = this.parts;
    const { brokers, appName, topicPrefix = '' } = options;
    const comparison = new StateComparison({ db, outbox, brokers, appName, topicPrefix, source });
    return {
      name: `state.compare.${source.event.topic.name}`,
      everyMs,
      firstAfterMs: everyMs,
      run: async (signal) => {
        await comparison.run(signal);
      },
    };
  }
}

/** A process that stops does not wait for a broker that is away; what is under way ends by itself and touches no table. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  work.catch(() => undefined);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The process stops')), { once: true });
  });
  return Promise.race([work, aborted]);
}
