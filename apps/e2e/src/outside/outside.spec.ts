import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { heartbeatType, profileStateV1, topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { engines, EventSource, readTopics, testKafkaPrefix } from '@nest-arch/testing';
import { Kafka, logLevel } from 'kafkajs';
import { Stranger } from './stranger.ts';

const [ada, grace] = [randomUUID(), randomUUID()];
const registered = (userId: string) => ({ ...userRegisteredV1.fixture, userId });
const state = (userId: string, version: number) => ({ ...userStateV1.fixture, userId, version });

const profile = { ...profileStateV1.fixture, userId: ada, version: 1 };
const heartbeatKey = 'heartbeat-0';

let stranger: Stranger;
beforeAll(async () => {
  stranger = await Stranger.create();
}, 60_000);
afterAll(() => stranger?.remove());

describe('the packed contracts, in a project outside the workspace', () => {
  it('bring types that need nothing else', async () => {
    stranger.add('consumer.ts');
    expect(await stranger.compile('consumer.ts')).toBe('');
  }, 60_000);

  it('bring the JSON Schemas', async () => {
    const path = '@nest-arch/contracts/schemas/auth.user.registered.v1/1.json';
    const code = `import schema from '${path}' with { type: 'json' }; console.log(schema.$id);`;
    const printed = await stranger.node(['--input-type=module', '-e', code]);
    expect(printed.trim()).toBe(userRegisteredV1.dataschema);
  });

  it('are all that a service needs to follow our topics', async () => {
    const prefix = testKafkaPrefix();
    const deadLetters = `${prefix}crm.dead-letters`;
    const read = [topics.userEvents, topics.userState, topics.profileState].map(({ name }) => name);
    await createTopics([...read.map((name) => prefix + name), deadLetters]);
    const source = new EventSource(prefix);
    const id = randomUUID();
    await source.send(userRegisteredV1, registered(ada), { key: ada, id });
    await source.send(userRegisteredV1, registered(ada), { key: ada, id });
    await source.send(userRegisteredV1, registered(grace), {
      key: grace,
      headers: { 'x-replay-for': 'profile' },
    });
    await source.send(userRegisteredV1, { userId: 'nobody' } as never, { key: grace });
    await source.send(userStateV1, state(ada, 2), { key: ada, version: 2 });
    await source.send(userStateV1, state(ada, 1), { key: ada, version: 1 });
    await source.send(userStateV1, null, { key: ada, version: 3 });
    await source.send(userStateV1, state(ada, 2), { key: ada, version: 2 });
    const newer = { ...state(grace, 1), addedLater: true };
    await source.send(userStateV1, newer as never, { key: grace, version: 1 });
    await source.send(userStateV1, {} as never, { key: heartbeatKey, headers: { ce_type: heartbeatType } });
    await source.send(profileStateV1, profile, { key: ada, version: 1 });
    await source.close();

    stranger.add('subscriber.mjs');
    const printed = await stranger.node(['subscriber.mjs'], {
      KAFKA_BROKERS: engines.kafkaBrokers,
      KAFKA_TOPIC_PREFIX: prefix,
      ...{ TOPICS: read.join(','), GROUP: `${prefix}crm`, DEAD_LETTERS: deadLetters, STOP_AT_END: '1' },
    });

    const lines = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type?: string });
    const of = (type?: string) => lines.filter((line) => line.type === type);
    const older = { skipped: 'older than what is known', type: userStateV1.type };
    expect(of(userRegisteredV1.type)).toEqual([
      { type: userRegisteredV1.type, data: registered(ada) },
      { skipped: 'a copy', type: userRegisteredV1.type },
      { skipped: 'meant for another group', type: userRegisteredV1.type },
    ]);
    expect(of(userStateV1.type)).toEqual([
      { type: userStateV1.type, userId: ada, version: 2, data: state(ada, 2) },
      older,
      { type: userStateV1.type, userId: ada, version: 3, data: null },
      older,
      { type: userStateV1.type, userId: grace, version: 1, data: state(grace, 1) },
    ]);
    expect(of(profileStateV1.type)).toEqual([
      { type: profileStateV1.type, userId: ada, version: 1, data: profile },
    ]);
    expect(of()).toEqual([{ putAside: grace, error: 'ZodError' }]);
    const [letter] = await readTopics(prefix, { name: 'crm.dead-letters' });
    expect(letter?.message.value?.toString()).toBe('{"userId":"nobody"}');
  }, 60_000);
});

/** One partition each, so that the order of what is printed is that of what was sent. */
async function createTopics(names: string[]): Promise<void> {
  const admin = new Kafka({ brokers: engines.kafkaBrokers.split(','), logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: names.map((topic) => ({ topic, numPartitions: 1 })),
    waitForLeaders: true,
  });
  await admin.disconnect();
}
