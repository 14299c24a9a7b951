import {
  createTopics,
  messagingMigrations,
  Publisher,
  Relay,
  Outbox,
  type RelayOptions,
} from '../src/index.js';
import { BroadcastConsumer, type BroadcastRecord } from '../src/broadcast/index.js';
import { Logger } from '@nestjs/common';
import type { TopicDefinition } from '@nest-arch/contracts';
import type { Db } from '@nest-arch/database';
import { engines, testDatabase, testKafkaPrefix } from '@nest-arch/testing';

Logger.overrideLogger(process.env['SPEC_LOGS'] ? ['error', 'warn', 'log', 'debug'] : false);

/** Topics and a database of one spec file's own. */
export async function messagingSpec(options: {
  topics: readonly TopicDefinition[];
  groups?: Record<string, readonly TopicDefinition[]>;
  poolSize?: number;
}) {
  const prefix = testKafkaPrefix();
  const brokers = engines.kafkaBrokers.split(',');
  const [database] = await Promise.all([
    testDatabase({ migrations: messagingMigrations, poolSize: options.poolSize ?? 10 }),
    createTopics({ brokers, prefix, groups: options.groups ?? {}, only: options.topics }),
  ]);
  return { prefix, brokers, db: database.db, url: database.url, drop: database.drop };
}

export function newPublisher(spec: { brokers: string[]; prefix: string }): Publisher {
  return new Publisher({ brokers: spec.brokers, clientId: 'spec', topicPrefix: spec.prefix });
}

/** A relay with its outbox, as one replica of a service has them. */
export function newReplica(
  spec: { brokers: string[]; prefix: string; db: Db },
  options: RelayOptions = {},
  publisher = newPublisher(spec),
) {
  const urgent = newPublisher(spec);
  const relay = new Relay(spec.db, publisher, options);
  const outbox = new Outbox({ source: '/nest-arch/spec', relay, urgent });
  const stop = async () => {
    await relay.stop();
    await Promise.all([publisher.close(), urgent.close()]);
  };
  return { relay, outbox, publisher, stop };
}

/** Everything that the topics hold now, each partition in its order. */
export async function readTopics(
  spec: { brokers: string[]; prefix: string },
  ...topics: (TopicDefinition | string)[]
): Promise<BroadcastRecord[]> {
  const records: BroadcastRecord[] = [];
  const consumer = new BroadcastConsumer({
    brokers: spec.brokers,
    app: 'spec',
    topicPrefix: spec.prefix,
    topics: topics.map((topic) => (typeof topic === 'string' ? topic : topic.name)),
    from: 'beginning',
    onRecord: (record) => records.push(record),
  });
  consumer.start();
  await consumer.ready;
  await consumer.close();
  return records;
}
