import { randomUUID } from 'node:crypto';
import { sessionRevokedV1, topics } from '@nest-arch/contracts';
import { Kafka, logLevel, type Message } from 'kafkajs';

/** Creates the topic of one spec and writes to it as auth's relay does. */
export class RevocationTopic {
  private readonly kafka: Kafka;
  private readonly producer;

  constructor(
    brokers: string,
    private readonly prefix: string,
  ) {
    this.kafka = new Kafka({ brokers: brokers.split(','), clientId: 'spec', logLevel: logLevel.NOTHING });
    this.producer = this.kafka.producer();
  }

  async create(): Promise<this> {
    const admin = this.kafka.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: this.name, numPartitions: 1 }] });
    await admin.disconnect();
    await this.producer.connect();
    return this;
  }

  async revoke(data: { sid?: string; userId?: string; minVer?: number; exceptSid?: string }): Promise<void> {
    const value = JSON.stringify({ ...data, revokedAt: new Date().toISOString() });
    const headers = {
      ce_id: randomUUID(),
      ce_type: sessionRevokedV1.type,
      ce_source: '/auth',
      ce_specversion: '1.0',
    };
    await this.producer.send({ topic: this.name, messages: [{ key: data.userId ?? 'x', value, headers }] });
  }

  /** Records as nobody should write them. */
  async litter(messages: Message[]): Promise<void> {
    await this.producer.send({ topic: this.name, messages });
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }

  private get name(): string {
    return this.prefix + topics.revocations.name;
  }
}
