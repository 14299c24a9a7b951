// A broker that creates topics at any mention and that hides settings from those without the right to see them.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { topics, userRegisteredV1, type TopicDefinition } from '@nest-arch/contracts';
import { execute, one } from '@nest-arch/database';
import { HealthRegistry } from '@nest-arch/platform';
import { testDatabase, waitFor, type TestDatabase } from '@nest-arch/testing';
import kafkajs from 'kafkajs'; // for rights that the platform itself never gives
import { startKafka, type KafkaEngine } from '../../../../tools/engines/kafka.ts';
import { publish, startServer } from '../../test/event-server.js';
import { newPublisher, newReplica } from '../../test/support.js';
import { BroadcastConsumer } from '../broadcast/index.js';
import type { EventContext } from '../consumer/event-context.js';
import { OnEvent } from '../consumer/on-event.js';
import { ConfigResourceTypes, createKafka, type Admin } from '../kafka/kafka-client.js';
import { messagingMigrations } from '../migrations/index.js';
import { listOffsets } from '../offsets/group-offsets.js';
import { OwnTopics } from './own-topics.js';
import { applyTopics, planTopics } from './topic-admin.js';

const narrow = (topic: TopicDefinition): TopicDefinition => ({ ...topic, partitions: 1 });
const only = [narrow(topics.userEvents)];
const groups = { spec: only };
const { name } = topics.userEvents;

let folder: string;
let kafka: KafkaEngine;
let database: TestDatabase;
let admin: Admin;
let spec: { brokers: string[]; prefix: string; db: TestDatabase['db'] };

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1)
  registered(@Ctx() { tx }: EventContext) {
    return execute(tx, `insert into effects default values`);
  }
}

const boot = (ports: { port?: number; controllerPort?: number } = {}) =>
  startKafka({
    dataDir: join(folder, 'kafka'),
    logFile: join(folder, 'kafka.log'),
    shortLived: true,
    settings: {
      'auto.create.topics.enable': true,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': true,
    },
    ...ports,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strict-'));
  [kafka, database] = await Promise.all([
    boot(),
    testDatabase({ migrations: messagingMigrations, poolSize: 10 }),
  ]);
  await execute(database.db, `create table effects (id serial)`);
  spec = { brokers: [kafka.brokers], prefix: '', db: database.db };
  admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
  await admin.connect();
}, 60_000);
afterAll(async () => {
  await admin.disconnect();
  await kafka.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

const topicNames = async () => (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));

it('nothing of ours creates a topic by mentioning it', async () => {
  // The broker does create what a client of another kind asks for.
  const careless = createKafka({ brokers: spec.brokers, clientId: 'careless' }).producer();
  await careless.connect();
  await careless.send({ topic: 'made.by.accident', messages: [{ value: 'x' }] }).catch(() => undefined);
  await careless.disconnect();
  await waitFor(async () => (await topicNames()).includes('made.by.accident'));

  const replica = newReplica(spec);
  replica.relay.start();
  const data = { ...userRegisteredV1.fixture, userId: randomUUID() };
  await spec.db.transaction((tx) =>
    replica.outbox.add(tx, userRegisteredV1, data, { key: data.userId, version: 1, urgent: true }),
  );
  const { server, service } = await startServer(spec, [Registrations], { brokers: spec.brokers });
  const broadcast = new BroadcastConsumer({
    brokers: spec.brokers,
    app: 'spec',
    topics: [name],
    from: 'beginning',
    onRecord: () => undefined,
  });
  broadcast.start();
  const own = new OwnTopics({ appName: 'auth', brokers: spec.brokers }, new HealthRegistry());
  own.onApplicationBootstrap();
  await planTopics({ brokers: spec.brokers });
  const standing = listOffsets({ brokers: spec.brokers, topicPrefix: '', group: 'spec', topic: name });
  await expect(standing).rejects.toThrow('There is no topic');
  const publisher = newPublisher(spec);
  await expect(publisher.send([{ topic: name, key: 'k', value: 'v', headers: {} }])).rejects.toThrow();
  await waitFor(() => server.trouble?.includes('topics are missing'));
  await waitFor(() => broadcast.trouble?.includes('topics are missing'));
  // Several rounds of everybody's tries.
  await new Promise((resolve) => setTimeout(resolve, 8_000));

  expect(await topicNames()).toEqual(['made.by.accident']);
  // What is missing is for the readers to say; the writer's rows wait.
  expect(() => own.checkReady()).not.toThrow();
  await applyTopics({ brokers: spec.brokers, only, groups });
  await waitFor(async () => (await effects()) === 1, { timeoutMs: 30_000 });
  await Promise.all([service.close(), broadcast.close(), own.onApplicationShutdown(), publisher.close()]);
  await replica.stop();
}, 90_000);

it('a broker that is away leaves the verdict on its topics as it was', async () => {
  const health = new HealthRegistry();
  const own = new OwnTopics({ appName: 'auth', brokers: spec.brokers }, health);
  await set({ 'cleanup.policy': 'compact' });
  own.onApplicationBootstrap();
  const { server, service } = await startServer(spec, [Registrations], { brokers: spec.brokers });
  const refuses = (check: () => void) => {
    try {
      check();
      return false;
    } catch (error) {
      return (error as Error).message.includes('cleanup.policy is compact, must be delete');
    }
  };
  await waitFor(() => refuses(() => server.checkReady()));
  await waitFor(() => refuses(() => own.checkReady()));
  const { port, controllerPort } = kafka;
  await admin.disconnect();
  await kafka.stop();
  const until = Date.now() + 10_000;
  while (Date.now() < until) {
    expect([refuses(() => server.checkReady()), refuses(() => own.checkReady())]).toEqual([true, true]);
    await server.checkLive(1_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  kafka = await boot({ port, controllerPort });
  await admin.connect();
  await applyTopics({ brokers: spec.brokers, only, groups });
  await waitFor(() => !refuses(() => server.checkReady()) && !refuses(() => own.checkReady()), {
    timeoutMs: 30_000,
  });
  await Promise.all([service.close(), own.onApplicationShutdown()]);
}, 180_000);

it('a service that may not see settings works, and its group reads', async () => {
  await set({ 'cleanup.policy': 'compact' });
  const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
  const rule = {
    principal: 'User:ANONYMOUS',
    host: '*',
    resourceType: AclResourceTypes.TOPIC,
    resourceName: name,
    resourcePatternType: ResourcePatternTypes.LITERAL,
  };
  await admin.createAcls({
    acl: [
      { ...rule, operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW },
      { ...rule, operation: AclOperationTypes.DESCRIBE_CONFIGS, permissionType: AclPermissionTypes.DENY },
    ],
  });
  const before = await effects();
  const publisher = newPublisher(spec);
  await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, { key: randomUUID() });
  const { server, service } = await startServer(spec, [Registrations]);
  await waitFor(async () => (await effects()) === before + 1);
  expect(() => server.checkReady()).not.toThrow();
  await service.close();
  await publisher.close();
}, 60_000);

async function set(configs: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(configs).map(([setting, value]) => ({ name: setting, value }));
  const resources = [{ type: ConfigResourceTypes.TOPIC, name, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

function effects(): Promise<number> {
  return one<{ n: number }>(database.db, `select count(*)::int as n from effects`).then(({ n }) => n);
}
