import { Logger } from '@nestjs/common';
import { topics as contractTopics, type TopicDefinition } from '@nest-arch/contracts';
import { RefusalError } from '../kafka/consumer-loop.js';
import { createKafka, type Admin } from '../kafka/kafka-client.js';
import { declare, declareDeadLetters } from '../topics/declared-topics.js';
import { judgeSettings } from '../topics/topic-verdict.js';
import { partitionKey, type PartitionId } from './incoming.js';
import { isStranded, judgeStandings, lostRecords, standings, type Standing } from './lost-records.js';
import { consumerMetrics } from './metrics.js';
import type { OffsetCommitter } from './offset-committer.js';

export interface GroupGuardParts {
  brokers: string[];
  clientId: string;
  topicPrefix: string;
  /** Without prefix. */
  group: string;
  /** The group by which metrics, dead-letter topics and commands call it. */
  name: string;
  topics: string[];
  committer: OffsetCommitter;
  seek(id: PartitionId, offset: string): void;
}

/**
 * Decides before each join whether the group may read, and from where: never from topics with wrong settings, and never
 * past records that were deleted unread, except where such old records are worth nothing.
 */
export class GroupGuard {
  private readonly logger = new Logger('Consumer');
  private readonly topics: TopicDefinition[];
  /** Partitions whose next record is gone, in topics that go on by themselves; as found before the join. */
  private stranded: Standing[] = [];
  /** Partitions in which the group has an offset. */
  private readonly settled = new Set<string>();
  private generation = 0;

  constructor(private readonly parts: GroupGuardParts) {
    this.topics = Object.values(contractTopics).filter(({ name }) => parts.topics.includes(name));
  }

  /** Throws a RefusalError when the group must not read. */
  async prepare(admin: Admin): Promise<void> {
    const { topicPrefix, name } = this.parts;
    const declared = this.topics.flatMap((topic) => [
      declare(topic, topicPrefix),
      declareDeadLetters(topic, name, topicPrefix),
    ]);
    const found = await standings(admin, this.reader);
    const refusal = [
      await judgeSettings(admin, declared),
      judgeStandings(found, { name, topics: this.topics }),
    ];
    if (refusal.some(Boolean)) throw new RefusalError(refusal.filter(Boolean).join('; '));
    this.stranded = found.filter(isStranded);
    this.settle(found);
  }

  /** Called when partitions are ours, before anything is fetched. */
  assigned(ids: PartitionId[]): void {
    this.generation += 1;
    this.parts.committer.begin([]);
    const owned = new Set(ids.map(partitionKey));
    // Only once: later the offsets of before the join are somebody else's past.
    for (const standing of this.stranded.splice(0))
      if (owned.has(partitionKey(standing))) this.skip(standing);
    if ([...owned].some((key) => !this.settled.has(key))) void this.remember(owned, this.generation);
  }

  private skip(standing: Standing): void {
    const { topic, partition, start } = standing;
    const lost = lostRecords(standing);
    this.parts.seek({ topic, partition }, String(start));
    this.parts.committer.done({ topic, partition }, String(start));
    consumerMetrics.lost.inc({ group: this.parts.name, topic }, lost);
    this.logger.warn(
      `${lost} records of ${topic} (partition ${partition}) were deleted before ${this.parts.name} had read them; ` +
        'they had served their time, so it goes on behind them',
    );
  }

  /**
   * A partition in which a group has read nothing yet has no offset, so nobody could tell later that its first records
   * came and were deleted while the group was away. So the group commits where it begins.
   */
  private async remember(owned: ReadonlySet<string>, generation: number): Promise<void> {
    const { brokers, clientId } = this.parts;
    const admin = createKafka({ brokers, clientId }).admin();
    try {
      await admin.connect();
      const all = await standings(admin, this.reader);
      if (generation !== this.generation) return;
      this.settle(all);
      const fresh = all.filter((each) => owned.has(partitionKey(each)) && each.committed === undefined);
      this.parts.committer.begin(
        fresh.map(({ topic, partition, start }) => ({ topic, partition, offset: String(start) })),
      );
    } catch (error) {
      this.logger.debug(`Where reading begins was not committed: ${String(error)}`);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  private settle(all: Standing[]): void {
    for (const each of all) if (each.committed !== undefined) this.settled.add(partitionKey(each));
  }

  private get reader() {
    const { topicPrefix, group, topics } = this.parts;
    return { groupId: topicPrefix + group, topics, topicPrefix };
  }
}
