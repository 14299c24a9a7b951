import { applyTopics, type TopicAdminOptions } from './topic-admin.js';

export type CreateTopicsOptions = TopicAdminOptions;

export interface TopicChanges {
  created: string[];
  /** Topics whose settings were put right. */
  corrected: string[];
  /** Topics with fewer partitions than declared; raising them breaks the order per key, so it is left to people. */
  tooFewPartitions: string[];
}

/** Creates what is missing and corrects settings that differ, as `npm run topics -- apply` does. */
export async function createTopics(options: CreateTopicsOptions): Promise<TopicChanges> {
  const plan = await applyTopics(options);
  return {
    created: plan.missing.map(({ topic }) => topic.name),
    corrected: [...new Set(plan.settings.map(({ topic }) => topic))],
    tooFewPartitions: plan.partitions.filter(({ found, wanted }) => found < wanted).map(({ topic }) => topic),
  };
}
