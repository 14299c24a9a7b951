import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics, userStateV1 } from '@nest-arch/contracts';
import { engines, waitFor } from '@nest-arch/testing';
import { Kafka, logLevel } from 'kafkajs';
import { type Composed, composed } from './composed.ts';
import { Person } from './person.ts';

describe('a record that no consumer can use', () => {
  let world: Composed;
  const kafka = new Kafka({ brokers: engines.kafkaBrokers.split(','), logLevel: logLevel.NOTHING });

  beforeAll(async () => {
    world = await composed();
  }, 120_000);
  afterAll(() => world?.stop(), 30_000);

  it('is put aside with its reason, and the topic goes on', async () => {
    const topic = `${world.prefix}${topics.userState.name}`;
    const producer = kafka.producer();
    await producer.connect();
    const headers = {
      ce_id: randomUUID(),
      ce_type: userStateV1.type,
      ce_specversion: '1.0',
      ce_source: 'test',
      ce_time: new Date().toISOString(),
    };
    // One for every partition, so that whoever registers next stands behind a poisoned record.
    const partitions = Array.from({ length: topics.userState.partitions }, (_, partition) => partition);
    const messages = partitions.map((partition) => ({
      key: randomUUID(),
      value: '{"version":"not a number"}',
      headers,
      partition,
    }));
    await producer.send({ topic, messages });
    await producer.disconnect();

    const person = new Person(world, 'Margaret Hamilton');
    const me = await person.join();
    expect(await person.profile(me)).toMatchObject({ displayName: 'Margaret Hamilton' });

    const dead = `${topic}.${world.prefix}profile.dlq`;
    await waitFor(async () => (await recordsIn(dead)) >= partitions.length, {
      timeoutMs: 20_000,
      what: 'the dead letters',
    });
  }, 60_000);

  async function recordsIn(topic: string): Promise<number> {
    const admin = kafka.admin();
    await admin.connect();
    try {
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.reduce((sum, { high }) => sum + Number(high), 0);
    } finally {
      await admin.disconnect();
    }
  }
});
