import { NestFactory } from '@nestjs/core';
import { Module, type INestMicroservice, type Type } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { EventDefinition } from '@nest-arch/contracts';
import { uuidv7, type Db } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { createKafka } from '../src/kafka/kafka-client.js';
import {
  InboxPartitions,
  PlatformKafkaServer,
  type EventServerOptions,
  type Publisher,
} from '../src/index.js';
import { brokerErrorType } from '../src/kafka/kafka-errors.js';
import { toWire } from '../src/outbox/wire-row.js';
import type { WireRecord } from '../src/wire/wire-record.js';

interface Spec {
  brokers: string[];
  prefix: string;
  db: Db;
}

const quick = { backoffMs: 10, pauseMs: 200 };

/** A service with these controllers that consumes under the given options, reading before this resolves. */
export async function startServer(
  spec: Spec,
  controllers: Type[],
  options: EventServerOptions & { brokers?: string[] } = {},
): Promise<{ server: PlatformKafkaServer; service: INestMicroservice }> {
  const { brokers = spec.brokers, ...rest } = options;
  const server = new PlatformKafkaServer(
    {
      db: spec.db,
      partitions: new InboxPartitions(spec.db),
      brokers,
      appName: 'spec',
      topicPrefix: spec.prefix,
    },
    { retry: quick, ...rest },
  );
  @Module({ controllers })
  class SpecModule {}
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(SpecModule, {
    strategy: server,
    logger: process.env['SPEC_LOGS'] ? ['error', 'warn', 'log', 'debug'] : false,
    abortOnError: false,
  });
  await service.listen();
  if (!options.brokers) await waitFor(() => server.trouble === undefined, { what: 'the consumer to join' });
  return { server, service };
}

/** Publishes one record of a contract straight to Kafka. `null` data is a tombstone. */
export async function publish<T>(
  publisher: Publisher,
  event: EventDefinition<T>,
  data: T | null,
  options: {
    key: string;
    id?: string;
    version?: number;
    headers?: Record<string, string>;
    partition?: number;
  },
): Promise<string> {
  const id = options.id ?? uuidv7();
  const record = toWire({
    id,
    topic: event.topic.name,
    key: options.key,
    type: event.type,
    version: options.version ?? null,
    payload: data === null ? null : JSON.stringify(data),
    headers: { ce_source: '/spec', ...options.headers },
    createdAt: new Date(),
  });
  const { partition } = options;
  await sendOnceLed(publisher, { ...record, ...(partition === undefined ? {} : { partition }) });
  return id;
}

/** Answers of a broker that has not taken over a new topic's partition yet. It has written nothing then. */
const notLedYet = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION']);

/** A new topic is listed with its leaders a moment before they take records; a relay waits, and so does this. */
async function sendOnceLed(publisher: Publisher, record: WireRecord): Promise<void> {
  for (let triesLeft = 100; ; triesLeft -= 1) {
    try {
      await publisher.send([record]);
      return;
    } catch (error) {
      if (triesLeft === 0 || !notLedYet.has(brokerErrorType(error) ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Records of a topic that the group has not committed yet. */
export async function lagOf(spec: Spec, group: string, topic: string): Promise<number> {
  const admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(spec.prefix + topic);
    const [committed] = await admin.fetchOffsets({
      groupId: spec.prefix + group,
      topics: [spec.prefix + topic],
    });
    return ends.reduce((sum, { partition, high, low }) => {
      const offset = committed?.partitions.find((each) => each.partition === partition)?.offset ?? '-1';
      return sum + Number(high) - (offset === '-1' ? Number(low) : Number(offset));
    }, 0);
  } finally {
    await admin.disconnect();
  }
}
