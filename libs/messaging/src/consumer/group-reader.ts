import { Logger } from '@nestjs/common';
import { ConsumerLoop } from '../kafka/consumer-loop.js';
import type { Consumer } from '../kafka/kafka-client.js';
import { deadLetterTopic } from '../topics/names.js';
import { GroupGuard } from './group-guard.js';
import { partitionKey, type PartitionId } from './incoming.js';
import { consumerMetrics } from './metrics.js';
import { OffsetCommitter, type OffsetCommit } from './offset-committer.js';
import type { WorkerParts } from './partition-worker.js';
import { Partitions, type FetchControl } from './partitions.js';

export interface GroupReaderParts {
  brokers: string[];
  clientId: string;
  topicPrefix: string;
  /** The consumer group; like the topics without prefix. */
  group: string;
  /** The group by which metrics and dead-letter topics are named. Default: `group`. */
  name?: string;
  topics: string[];
  sessionTimeoutMs: number;
  /** Most records that `process` is given at once. */
  take: number;
  /** Takes records of one partition, in their order; true when their offsets may move. */
  process: WorkerParts['process'];
}

/**
 * One consumer group in this process: each partition has its own queue and worker, offsets follow what is done. kafkajs is
 * only ever given batches to enqueue, so no error of a handler can reach it.
 */
export class GroupReader {
  private readonly logger = new Logger('Consumer');
  private readonly committer: OffsetCommitter;
  private readonly assigned: Partitions;
  private readonly guard: GroupGuard;
  private readonly loop: ConsumerLoop;
  private readonly done = new Map<string, bigint>();

  constructor(private readonly parts: GroupReaderParts) {
    const { name = parts.group, process, take } = parts;
    this.committer = new OffsetCommitter((offsets) => this.commit(offsets));
    this.assigned = new Partitions({
      group: name,
      process,
      take,
      committer: this.committer,
      onDone: (id, offset) => this.done.set(partitionKey(id), BigInt(offset)),
      fetch: this.fetchControl(),
    });
    this.guard = new GroupGuard({
      ...parts,
      name,
      committer: this.committer,
      seek: (id, offset) => this.fetchControl().seek(id, offset),
    });
    this.loop = this.newLoop(name);
  }

  /** Answers at once: Kafka may be away, and the consumer joins when it is there. */
  start(): void {
    this.loop.start();
  }

  /** Lets the records at work end, commits their offsets, leaves the group. */
  async close(): Promise<void> {
    await this.assigned.close();
    await this.committer.flush();
    await this.loop.stop();
  }

  /** Ends the work here and leaves the group's offsets where they are given and lower than `position`, where the group is. */
  async finishAt(
    offsets: readonly OffsetCommit[],
    position: (id: PartitionId) => bigint | undefined,
  ): Promise<void> {
    await this.assigned.close();
    await this.committer.flush();
    const lower = offsets.filter((each) => BigInt(each.offset) < (position(each) ?? 0n));
    // Nothing higher may follow, such as what could not be committed just now.
    for (const each of lower) this.committer.drop(each);
    if (lower.length > 0) await this.commit(lower);
  }

  get consumer(): Consumer | undefined {
    return this.loop.consumer;
  }

  /** Why nothing is read at present; undefined while something is. */
  get trouble(): string | undefined {
    return this.loop.trouble;
  }

  /** The offset behind the last record that is done here; undefined before the first. */
  positionOf(id: PartitionId): bigint | undefined {
    return this.done.get(partitionKey(id));
  }

  /** Fails when the consumer has not read for so long (milliseconds; a minute) although a broker answers and it may. */
  async checkLive(patienceMs = 60_000): Promise<void> {
    // A refusal is a matter of readiness: starting anew would not mend it.
    if (this.loop.refusal || this.loop.downMs < patienceMs) return;
    try {
      await this.loop.pingBroker();
    } catch {
      // The broker is away: starting this process again would not bring it back.
      return;
    }
    const seconds = Math.round(this.loop.silentMs / 1000);
    throw new Error(`Group ${this.parts.group} has not read for ${seconds} s`);
  }

  /**
   * Fails while the group must not read: topics missing or with wrong settings, records gone. A broker that is away leaves
   * the last verdict.
   */
  checkReady(): void {
    if (this.loop.refusal) throw new Error(`Group ${this.parts.group}: ${this.loop.refusal}`);
  }

  // Called by workers at any moment, also when the consumer is just gone: then there is nothing to control.
  private fetchControl(): FetchControl {
    const prefixed = ({ topic, partition }: PartitionId) => ({
      topic: this.parts.topicPrefix + topic,
      partitions: [partition],
    });
    const whileReading = (act: (consumer: Consumer) => void) => {
      try {
        if (this.loop.consumer) act(this.loop.consumer);
      } catch (error) {
        this.logger.debug(`Not in the group at present: ${String(error)}`);
      }
    };
    return {
      pause: (id) => whileReading((consumer) => consumer.pause([prefixed(id)])),
      resume: (id) => whileReading((consumer) => consumer.resume([prefixed(id)])),
      seek: (id, offset) =>
        whileReading((consumer) =>
          consumer.seek({ ...id, topic: this.parts.topicPrefix + id.topic, offset }),
        ),
    };
  }

  private newLoop(name: string): ConsumerLoop {
    const { brokers, clientId, topicPrefix, group, topics, sessionTimeoutMs } = this.parts;
    const withoutPrefix = (topic: string) => topic.slice(topicPrefix.length);
    const groupId = topicPrefix + group;
    return new ConsumerLoop({
      brokers,
      clientId,
      groupId: () => groupId,
      topics: topics.map((topic) => topicPrefix + topic),
      requiredTopics: topics.map((topic) => topicPrefix + deadLetterTopic(topic, name)),
      sessionTimeoutMs,
      prepare: (admin) => this.guard.prepare(admin),
      onVerdict: (refusal) => consumerMetrics.refused.set({ group: name }, refusal ? 1 : 0),
      onBatch: (batch) => this.assigned.enqueue(withoutPrefix(batch.topic), batch),
      onAssigned: (assignment) => {
        const ids = Object.entries(assignment).flatMap(([topic, list]) =>
          list.map((partition) => ({ topic: withoutPrefix(topic), partition })),
        );
        this.assigned.assign(ids);
        this.guard.assigned(ids);
      },
      onGone: () => this.assigned.clear(),
    });
  }

  private async commit(offsets: { topic: string; partition: number; offset: string }[]): Promise<void> {
    const consumer = this.loop.consumer;
    if (!consumer) throw new Error('not in the group at present');
    await consumer.commitOffsets(
      offsets.map((each) => ({ ...each, topic: this.parts.topicPrefix + each.topic })),
    );
  }
}
