// npm run topics -- apply, in the image of any service: creates missing topics and corrects the settings of those that are there.
import { applyTopics, describePlan } from '@nest-arch/messaging/topics';

const plan = await applyTopics({
  brokers: process.env.KAFKA_BROKERS.split(','),
  prefix: process.env.KAFKA_TOPIC_PREFIX ?? '',
});
const { will, cannot, notes } = describePlan(plan);
for (const line of will) console.log(`Done: ${line}`);
for (const line of [...cannot, ...notes]) console.warn(`Left to you: ${line}`);
if (will.length + cannot.length === 0) console.log('All topics are as declared.');
