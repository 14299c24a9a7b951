import { Logger } from '@nestjs/common';
import { passed } from '../crash/index.js';
import type { BatchHandler, CheckedRecord } from './batch-handler.js';
import type { DeadLetterWriter, Failure } from './dead-letter-writer.js';
import { classify, describeFailure, tookTooLong, type FailureKind } from './failures.js';
import type { Incoming } from './incoming.js';
import { consumerMetrics } from './metrics.js';
import { coordinates, typeOf } from './record-processor.js';
import { readRecord } from './record.js';
import { tryUntilDone, type RetryPolicy, type WorkerControl } from './retry-policy.js';
import type { Semaphore } from './semaphore.js';

export interface BatchProcessorParts {
  /** The group by which metrics and dead letters are named, without prefix. */
  group: string;
  handles: (type: string) => boolean;
  handler: BatchHandler;
  deadLetters: DeadLetterWriter;
  slots: Semaphore;
  policy: RetryPolicy;
}

/**
 * Brings a batch to its end: what breaks the contract becomes a dead letter, the rest goes through one transaction. What
 * fails for other reasons than trouble that passes is halved until the guilty record is alone. Never throws.
 */
export class BatchProcessor {
  private readonly logger = new Logger('Consumer');

  constructor(private readonly parts: BatchProcessorParts) {}

  /** True: the offsets may move. False: given up because the worker was stopped; what was committed stays. */
  async process(batch: Incoming[], control: WorkerControl): Promise<boolean> {
    const { checked, refused } = this.check(batch);
    for (const { incoming, failure } of refused) {
      if (!(await this.bury(incoming, failure, control))) return false;
    }
    const waiting = checked.length > 0 ? [checked] : [];
    for (let part = waiting.pop(); part; part = waiting.pop()) {
      const result = await this.settle(part, control);
      if (result === 'stopped') return false;
      if (result === 'halve') waiting.push(...halves(part));
    }
    return true;
  }

  private check(batch: Incoming[]) {
    const { group, handles } = this.parts;
    const checked: CheckedRecord[] = [];
    const refused: { incoming: Incoming; failure: Failure }[] = [];
    for (const incoming of batch) {
      try {
        const record = readRecord(incoming, { group, handles });
        if (typeof record === 'string') this.count(typeOf(incoming), record, 1);
        else checked.push({ incoming, record });
      } catch (error) {
        const kind = classify(error);
        this.report([incoming], { error, kind, attempt: 1 });
        refused.push({ incoming, failure: { error, kind, attempts: 1 } });
      }
    }
    return { checked, refused };
  }

  /** `halve`: one of several records is at fault, or they are too many at once. */
  private async settle(part: CheckedRecord[], control: WorkerControl): Promise<'done' | 'halve' | 'stopped'> {
    let halve = false;
    const { policy } = this.parts;
    const done = await tryUntilDone(
      async (attempt) => {
        const failure = await this.attempt(part, attempt);
        if (!failure) return true;
        const { kind } = failure;
        // A batch may be more than fits the time of one; a short stall is none of its fault, hence the second try.
        if (part.length > 1 && attempt > 1 && tookTooLong(failure.error)) return (halve = true);
        if (kind === 'transient') return false;
        if (part.length > 1) return (halve = true);
        if (kind === 'unknown' && attempt < policy.unknownAttempts) return false;
        return this.tryBury((part[0] as CheckedRecord).incoming, failure);
      },
      control,
      policy,
    );
    if (!done) return 'stopped';
    return halve ? 'halve' : 'done';
  }

  private async attempt(part: CheckedRecord[], attempt: number): Promise<Failure | undefined> {
    const { handler, slots, group } = this.parts;
    const started = performance.now();
    const [{ incoming, record }] = part as [CheckedRecord];
    const { type } = record.definition;
    try {
      const outcomes = await slots.run(() => handler.handle(part));
      passed('consumer.committed');
      outcomes.forEach((outcome, index) => this.count(part[index]?.record.definition.type ?? '', outcome, 1));
      consumerMetrics.seconds.observe({ group, type }, (performance.now() - started) / 1000);
      const arrivedAt = Number(incoming.message.timestamp);
      consumerMetrics.delay.observe({ group }, Math.max(0, Date.now() - arrivedAt) / 1000);
      return undefined;
    } catch (error) {
      const kind = classify(error);
      consumerMetrics.failures.inc({ group, type, kind });
      const incomings = part.map((each) => each.incoming);
      this.report(incomings, { error, kind, attempt });
      return { error, kind, attempts: attempt };
    }
  }

  private bury(incoming: Incoming, failure: Failure, control: WorkerControl): Promise<boolean> {
    return tryUntilDone(() => this.tryBury(incoming, failure), control, this.parts.policy);
  }

  private async tryBury(incoming: Incoming, failure: Failure): Promise<boolean> {
    try {
      await this.parts.deadLetters.write(incoming, failure);
      passed('dead_letter.written');
      this.count(typeOf(incoming), 'dead_letter', 1);
      return true;
    } catch (error) {
      // Without a dead letter the offset must not move.
      this.logger.error(`Dead letter of ${coordinates(incoming)} not written: ${describeFailure(error)}`);
      return false;
    }
  }

  private count(type: string, outcome: string, by: number): void {
    consumerMetrics.records.inc({ group: this.parts.group, type, outcome }, by);
  }

  private report(
    batch: Incoming[],
    { error, kind, attempt }: { error: unknown; kind: FailureKind; attempt: number },
  ): void {
    if (kind === 'transient' && attempt !== 1 && attempt % 10 !== 0) return;
    const [first] = batch as [Incoming];
    const what =
      batch.length === 1 ? coordinates(first) : `${batch.length} records from ${coordinates(first)}`;
    this.logger.warn(`${what} failed (${kind}, try ${attempt}): ${describeFailure(error)}`);
  }
}

/** The later half first: the caller takes from the end. */
function halves(part: CheckedRecord[]): CheckedRecord[][] {
  const middle = Math.ceil(part.length / 2);
  return [part.slice(middle), part.slice(0, middle)];
}
