import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { topics, userRegisteredV1, type TopicDefinition } from '@nest-arch/contracts';
import { execute, one } from '@nest-arch/database';
import { HealthRegistry } from '@nest-arch/platform';
import { waitFor } from '@nest-arch/testing';
import { publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import type { EventContext } from '../consumer/event-context.js';
import { consumerMetrics } from '../consumer/metrics.js';
import { OnEvent } from '../consumer/on-event.js';
import { ConfigResourceTypes, createKafka, type Admin } from '../kafka/kafka-client.js';
import { OwnTopics } from './own-topics.js';
import { applyTopics } from './topic-admin.js';

const narrow = (topic: TopicDefinition): TopicDefinition => ({ ...topic, partitions: 1 });
const only = [narrow(topics.userEvents), narrow(topics.userState)];
const groups = { reader: [narrow(topics.userEvents)] };
const { name } = topics.userEvents;

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let admin: Admin;

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1, { group: 'reader' })
  registered(@Ctx() { tx }: EventContext) {
    return execute(tx, `insert into effects default values`);
  }
}

beforeAll(async () => {
  spec = await messagingSpec({ topics: only, groups });
  await execute(spec.db, `create table effects (id serial)`);
  publisher = newPublisher(spec);
  admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await publisher.close();
  await spec.drop();
});

async function set(topic: string, configs: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: spec.prefix + topic, configEntries }],
  });
}

const apply = () => applyTopics({ ...spec, only, groups });
const effects = () =>
  one<{ n: number }>(spec.db, `select count(*)::int as n from effects`).then(({ n }) => n);
const refused = async () => (await consumerMetrics.refused.get()).values.map(({ value }) => value);
const start = () => startServer(spec, [Registrations], { group: 'reader', brokers: spec.brokers });

it('a group that meets wrong settings names them, is not ready and reads nothing until they are right', async () => {
  await set(name, { ...topics.userEvents.configs, 'cleanup.policy': 'compact', 'retention.ms': '1000' });
  await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, { key: randomUUID() });
  const { server, service } = await start();
  await waitFor(() => server.trouble?.includes('wrong settings'));
  expect(() => server.checkReady()).toThrow(
    `Group reader: topics have wrong settings: ${spec.prefix}${name}: cleanup.policy is compact, must be delete, ` +
      'retention.ms is 1000, must be at least 1209600000. To put them right: npm run topics -- apply',
  );
  expect(await refused()).toEqual([1]);
  // Starting the process again would not mend them.
  await server.checkLive();
  expect(await effects()).toBe(0);

  await apply();
  await waitFor(async () => (await effects()) === 1);
  expect(await refused()).toEqual([0]);
  expect(() => server.checkReady()).not.toThrow();
  await service.close();
});

it('a group works with what is kept for longer or closed earlier', async () => {
  await set(name, { ...topics.userEvents.configs, 'retention.ms': '-1', 'segment.ms': '60000' });
  const { server, service } = await start();
  await waitFor(() => server.trouble === undefined);
  expect(() => server.checkReady()).not.toThrow();
  await service.close();
});

it('a group looks at its dead-letter topic as well', async () => {
  await apply();
  await set(`${name}.reader.dlq`, { 'cleanup.policy': 'compact' });
  const { server, service } = await start();
  await waitFor(() => server.trouble?.includes(`${name}.reader.dlq: `));
  await apply();
  await waitFor(() => server.trouble === undefined);
  await service.close();
});

it('the service that owns a topic is not ready while its settings are wrong', async () => {
  const { configs, name: stateTopic } = topics.userState;
  await set(stateTopic, { ...configs, 'delete.retention.ms': '1000' });
  const health = new HealthRegistry();
  const { brokers, prefix: topicPrefix } = spec;
  const own = new OwnTopics({ appName: 'auth', brokers, topicPrefix }, health);
  const [{ check } = { check: () => undefined }] = health.of('ready');
  const verdict = async () => {
    try {
      await check();
      return 'ready';
    } catch (error) {
      return (error as Error).message;
    }
  };
  // Nobody has asked the broker yet.
  expect(await verdict()).toBe('ready');
  own.onApplicationBootstrap();
  await waitFor(async () => (await verdict()) !== 'ready');
  expect(await verdict()).toContain('delete.retention.ms is 1000, must be at least 604800000');
  await apply();
  await waitFor(async () => (await verdict()) === 'ready');
  await own.onApplicationShutdown();
});
