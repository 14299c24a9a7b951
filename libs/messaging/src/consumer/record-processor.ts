import { Logger } from '@nestjs/common';
import { eventByType, heartbeatType } from '@nest-arch/contracts';
import { passed } from '../crash/index.js';
import { header, readHeaders } from '../wire/headers.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import { classify, describeFailure, type FailureKind } from './failures.js';
import type { Incoming } from './incoming.js';
import { consumerMetrics } from './metrics.js';
import type { RecordHandler } from './record-handler.js';
import { tryUntilDone, type RetryPolicy, type WorkerControl } from './retry-policy.js';
import type { Semaphore } from './semaphore.js';

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
  process(incoming: Incoming, control: WorkerControl): Promise<boolean> {
    return tryUntilDone((number) => this.attempt(incoming, number), control, this.parts.policy);
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
export function typeOf({ message }: Incoming): string {
  const type = readHeaders(message.headers, [header.type])[header.type] ?? 'none';
  return type === 'none' || type === heartbeatType || eventByType(type) ? type : 'unknown';
}

export function coordinates({ topic, partition, message }: Incoming): string {
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
