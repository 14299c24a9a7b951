/** `@nest-arch/messaging/topics`: administration of topics, for commands; without the parts that services need. */
export { declaredTopics, type Declaration, type DeclaredTopic } from './declared-topics.js';
export { describePlan, type PlanText } from './plan-text.js';
export { applyTopics, planTopics, type ApplyOptions, type TopicAdminOptions } from './topic-admin.js';
export { isEmptyPlan, type TopicPlan } from './topic-plan.js';
