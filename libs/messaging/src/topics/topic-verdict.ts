import { Logger } from '@nestjs/common';
import type { Admin } from '../kafka/kafka-client.js';
import { brokerErrorType } from '../kafka/kafka-errors.js';
import type { DeclaredTopic } from './declared-topics.js';
import { findTopics, type FoundTopic } from './found-topics.js';
import { demand, differences } from './setting-rules.js';

const logger = new Logger('Topics');
const deniedTypes: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);
const reported = new Set<string>();

/**
 * Why nobody should work with these topics, which exist: settings with which records would be lost, kept for too long, or
 * carry another clock's time. Undefined when they are right, or when the broker tells us nothing about them.
 */
export async function judgeSettings(admin: Admin, declared: DeclaredTopic[]): Promise<string | undefined> {
  const found = await findReadable(
    admin,
    declared.map(({ name }) => name),
  );
  const wrong = declared.flatMap((topic) => {
    const present = found.find(({ name }) => name === topic.name);
    const demands = present ? differences(topic, present).filter(({ tolerated }) => !tolerated) : [];
    if (demands.length === 0) return [];
    return [`${topic.name}: ${demands.map((each) => demand(topic, each)).join(', ')}`];
  });
  if (wrong.length === 0) return undefined;
  return `topics have wrong settings: ${wrong.join('; ')}. To put them right: npm run topics -- apply`;
}

/** Those whose settings the broker lets us see. */
async function findReadable(admin: Admin, names: string[]): Promise<FoundTopic[]> {
  try {
    return await findTopics(admin, names);
  } catch (error) {
    if (!deniedTypes.has(brokerErrorType(error) ?? '')) throw error;
    if (names.length > 1) {
      const each = await Promise.all(names.map((name) => findReadable(admin, [name])));
      return each.flat();
    }
    const [name = ''] = names;
    // A service whose rights end at reading and writing works; who runs the platform checks with `topics plan`.
    if (!reported.has(name))
      logger.warn(`The settings of ${name} are not ours to see, so they are not checked`);
    reported.add(name);
    return [];
  }
}
