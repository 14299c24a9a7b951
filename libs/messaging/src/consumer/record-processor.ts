import { Logger } from '@nestjs/common';
import { passed } from '../crash/index.js';
import { header, readHeaders } from '../wire/headers.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import { classify, describeFailure, type FailureKind } from './failures.js';
import type { Incoming } from './incoming.js';
import { consumerMetrics } from './metrics.js';
import type { RecordHandler } from './record-handler.js';
import type { Semaphore } from './semaphore.js';

export interface RetryPolicy {
  /** Tries of an error that is neither transient nor permanent, before the dead letter. */
  unknownAttempts: number;
  /** Tries in place, with a growing pause, before the partition is paused. */
  inPlaceAttempts: number;
  /** First pause in place; doubles. */
  backoffMs: number;
  /** Pause of the partition between later tries. */
  pauseMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  unknownAttempts: 5,
  inPlaceAttempts: 5,
  backoffMs: 100,
  pauseMs: 5_000,
};

/** What a worker lets its record's processing do. */
export interface WorkerControl {
  /** True when the partition went to somebody else or the process stops: give up between two tries. */
  stopped(): boolean;
  sleep(ms: number): Promise<void>;
  /** Tells that the partition waits, so that nothing more is fetched for it. */
  setWaiting(waiting: boolean): void;
}

export interface RecordProcessorParts {
  group: string;
  handler: RecordHandler;
  deadLetters: DeadLetterWriter;
  slots: Semaphore;
  policy: RetryPolicy;
}

/** Tries a record until it is handled or a dead letter. Never throws. */
export class RecordProcessor {
  private readonly logger = new Logger('Consumer');

  constructor(private readonly parts: RecordProcessorParts) {}

  /** True: the offset may move. False: given up because the worker was stopped. */
  async process(incoming: Incoming, control: WorkerControl): Promise<boolean> {
    try {
      for (let attempt = 1; !control.stopped(); attempt += 1) {
        if (await this.attempt(incoming, attempt)) return true;
        if (control.stopped()) return false;
        control.setWaiting(attempt >= this.parts.policy.inPlaceAttempts);
        await control.sleep(this.pauseAfter(attempt));
      }
      return false;
    } finally {
      control.setWaiting(false);
    }
  }

  private async attempt(incoming: Incoming, attempt: number): Promise<boolean> {
    const { group, handler, slots } = this.parts;
    const type = typeOf(incoming);
    const started = performance.now();
    try {
      const outcome = await slots.run(() => handler.handle(incoming));
      passed('consumer.committed');
      consumerMetrics.records.inc({ group, type, outcome });
      if (outcome === 'handled') this.observe(incoming, type, started);
      return true;
    } catch (error) {
      const kind = classify(error);
      consumerMetrics.failures.inc({ group, type, kind });
      this.report(incoming, { error, kind, attempt });
      if (kind === 'transient' || (kind === 'unknown' && attempt < this.parts.policy.unknownAttempts))
        return false;
      return this.bury(incoming, { error, kind, attempts: attempt });
    }
  }

  private async bury(
    incoming: Incoming,
    failure: { error: unknown; kind: FailureKind; attempts: number },
  ): Promise<boolean> {
    try {
      await this.parts.deadLetters.write(incoming, failure);
      passed('dead_letter.written');
      consumerMetrics.records.inc({
        group: this.parts.group,
        type: typeOf(incoming),
        outcome: 'dead_letter',
      });
      return true;
    } catch (error) {
      // Without a dead letter the offset must not move: the record is tried again, and with it its burial.
      this.logger.error(`Dead letter of ${coordinates(incoming)} not written: ${describeFailure(error)}`);
      return false;
    }
  }

  private pauseAfter(attempt: number): number {
    const { inPlaceAttempts, backoffMs, pauseMs } = this.parts.policy;
    const base = attempt >= inPlaceAttempts ? pauseMs : Math.min(backoffMs * 2 ** (attempt - 1), pauseMs);
    return base * (0.75 + Math.random() / 2);
  }

  private report(
    incoming: Incoming,
    { error, kind, attempt }: { error: unknown; kind: FailureKind; attempt: number },
  ) {
    // A long outage repeats itself every few seconds on every partition: say it at first and then now and again.
    if (kind === 'transient' && attempt !== 1 && attempt % 10 !== 0) return;
    const line = `${typeOf(incoming)} at ${coordinates(incoming)} failed (${kind}, try ${attempt}): ${describeFailure(error)}`;
    if (kind === 'unknown') this.logger.error(line, stackWithoutMessage(error));
    else this.logger.warn(line);
  }

  private observe(incoming: Incoming, type: string, started: number): void {
    const { group } = this.parts;
    consumerMetrics.seconds.observe({ group, type }, (performance.now() - started) / 1000);
    consumerMetrics.delay.observe(
      { group },
      Math.max(0, Date.now() - Number(incoming.message.timestamp)) / 1000,
    );
  }
}

// Label values come from the wire: anything unknown must not become a time series of its own.
function typeOf({ message }: Incoming): string {
  const type = readHeaders(message.headers)[header.type] ?? 'none';
  return /^[a-z_.0-9]{1,80}$/.test(type) ? type : 'unreadable';
}

function coordinates({ topic, partition, message }: Incoming): string {
  return `${topic}/${partition}@${message.offset}`;
}

/** Where it happened; the first line may quote data. */
function stackWithoutMessage(error: unknown): string | undefined {
  if (!(error instanceof Error) || !error.stack) return undefined;
  return error.stack
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .join('\n');
}
