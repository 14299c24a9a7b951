import { Logger } from '@nestjs/common';
import type { Admin } from '../kafka/kafka-client.js';
import { consumerMetrics } from './metrics.js';

interface Reader {
  /** With prefix. */
  groupId: string;
  group: string;
  /** Without prefix. */
  topics: string[];
  topicPrefix: string;
}

const logger = new Logger('Consumer');

/**
 * Says when a group's committed offset lies below the log's start: retention has deleted records that the group has not
 * read. kafkajs would go on at the start of the log without a word.
 */
export async function reportLostRecords(admin: Admin, reader: Reader): Promise<void> {
  const { groupId, group, topicPrefix } = reader;
  const committed = await admin.fetchOffsets({
    groupId,
    topics: reader.topics.map((topic) => topicPrefix + topic),
  });
  for (const { topic, partitions } of committed) {
    const bounds = await admin.fetchTopicOffsets(topic);
    const lost = partitions.reduce((sum, { partition, offset }) => {
      const low = BigInt(bounds.find((each) => each.partition === partition)?.low ?? 0);
      const at = BigInt(offset);
      return at >= 0n && at < low ? sum + Number(low - at) : sum;
    }, 0);
    if (lost === 0) continue;
    const name = topic.slice(topicPrefix.length);
    consumerMetrics.lost.inc({ group, topic: name }, lost);
    logger.error(
      `${lost} records of ${name} were deleted before ${group} had read them; it goes on behind them`,
    );
  }
}
