// Creates missing topics and corrects the settings of those that are there. Runs in the image of any service.
import { createTopics } from '@nest-arch/messaging';

const { created, corrected, tooFewPartitions } = await createTopics({
  brokers: process.env.KAFKA_BROKERS.split(','),
  prefix: process.env.KAFKA_TOPIC_PREFIX ?? '',
});
console.log(`${created.length} topics created, ${corrected.length} corrected`);
if (tooFewPartitions.length > 0)
  console.warn(`Fewer partitions than declared: ${tooFewPartitions.join(', ')}`);
