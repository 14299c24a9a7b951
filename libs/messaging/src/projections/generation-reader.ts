import type { Db, Tx } from '@nest-arch/database';
import { BatchHandler, type BatchEffect } from '../consumer/batch-handler.js';
import { BatchProcessor } from '../consumer/batch-processor.js';
import { DeadLetterWriter } from '../consumer/dead-letter-writer.js';
import { GroupReader } from '../consumer/group-reader.js';
import type { PartitionId } from '../consumer/incoming.js';
import type { EventRecord } from '../consumer/record.js';
import { defaultRetryPolicy, type RetryPolicy } from '../consumer/retry-policy.js';
import { Semaphore } from '../consumer/semaphore.js';
import type { InboxPartitions } from '../inbox/inbox-partitions.js';
import { Publisher } from '../outbox/publisher.js';
import type { Projection } from './projection.js';
import { enterGeneration } from './projections.queries.js';
import type { ProjectionBatch } from './reads.js';

export interface ProjectionServerOptions {
  /** Most records in one transaction, default 500. */
  batchSize?: number;
  /** Batches at work at the same time over all partitions, default 3; keep it below the database's pool. */
  concurrency?: number;
  /** Default 10 s; the session's statement_timeout must be shorter. */
  deadlineMs?: number;
  sessionTimeoutMs?: number;
  retry?: Partial<RetryPolicy>;
}

export interface ProjectionParts {
  db: Db;
  partitions: InboxPartitions;
  brokers: string[];
  appName: string;
  topicPrefix: string;
}

/** The pointer has moved on: this generation is not written any more. */
export class GenerationOverError extends Error {
  override readonly name = 'GenerationOverError';
  /** Trouble that passes: the records belong to the generation after it. */
  readonly status = 503;
}

/** `<app>.<projection>`: inbox, metrics and dead letters know all generations by it. */
export function projectionGroup(appName: string, { name }: Projection): string {
  return `${appName}.${name}`;
}

/** The consumer group of one generation, without prefix. */
export function generationGroup(appName: string, projection: Projection, generation: number): string {
  const group = projectionGroup(appName, projection);
  return generation === 1 ? group : `${group}.r${generation}`;
}

/** Topics of a projection, without prefix. */
export function projectionTopics({ reads }: Projection): string[] {
  return [...new Set(reads.map(({ definition }) => definition.topic.name))].sort();
}

/** Feeds one generation of a projection's tables. */
export class GenerationReader {
  private readonly publisher: Publisher;
  private readonly byType: ReadonlyMap<string, Projection['reads'][number]>;
  readonly reader: GroupReader;
  /** Records that were taken from the topics, whatever became of them. */
  records = 0;

  constructor(
    private readonly parts: ProjectionParts,
    private readonly projection: Projection,
    readonly generation: number,
    options: ProjectionServerOptions & { onOver?: () => void } = {},
  ) {
    this.publisher = new Publisher({ ...parts, clientId: parts.appName });
    this.byType = new Map(projection.reads.map((read) => [read.definition.type, read]));
    const processor = this.newProcessor(options);
    this.reader = new GroupReader({
      ...parts,
      clientId: parts.appName,
      group: generationGroup(parts.appName, projection, generation),
      name: projectionGroup(parts.appName, projection),
      topics: projectionTopics(projection),
      sessionTimeoutMs: options.sessionTimeoutMs ?? 6_000,
      take: options.batchSize ?? 500,
      process: (records, control) => {
        this.records += records.length;
        return processor.process(records, control);
      },
    });
  }

  /** The offset behind the last record of a partition that is done here; undefined before the first. */
  positionOf(id: PartitionId): bigint | undefined {
    return this.reader.positionOf(id);
  }

  start(): void {
    this.reader.start();
  }

  async close(): Promise<void> {
    await this.reader.close();
    await this.publisher.close();
  }

  private newProcessor(options: ProjectionServerOptions & { onOver?: () => void }): BatchProcessor {
    const { db, partitions, appName } = this.parts;
    const group = projectionGroup(appName, this.projection);
    return new BatchProcessor({
      group,
      handles: (type) => this.byType.has(type),
      handler: new BatchHandler({
        db,
        partitions,
        // Each generation sees every event once.
        group: generationGroup(appName, this.projection, this.generation),
        deadlineMs: options.deadlineMs ?? 10_000,
        open: (tx) => this.open(tx, options.onOver),
      }),
      deadLetters: new DeadLetterWriter(this.publisher, group),
      slots: new Semaphore(options.concurrency ?? 3),
      policy: { ...defaultRetryPolicy, ...options.retry },
    });
  }

  private async open(tx: Tx, onOver?: () => void): Promise<BatchEffect> {
    const standing = await enterGeneration(tx, this.projection.name, this.generation);
    if (standing === 'live' || standing === 'building')
      return (records, signal) => this.apply({ tx, live: standing === 'live', signal }, records);
    onOver?.();
    throw new GenerationOverError(`${this.projection.name} is not written to generation ${this.generation}`);
  }

  /** Stretches of one type, in the order in which they came. */
  private async apply(batch: ProjectionBatch, records: EventRecord[]): Promise<void> {
    for (let from = 0; from < records.length;) {
      const { type } = (records[from] as EventRecord).definition;
      let to = from + 1;
      while (records[to]?.definition.type === type) to += 1;
      await this.byType.get(type)?.apply(batch, records.slice(from, to));
      from = to;
    }
  }
}
