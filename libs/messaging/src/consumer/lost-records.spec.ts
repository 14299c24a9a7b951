import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { challengeIssuedV1, topics, userRegisteredV1, type TopicDefinition } from '@nest-arch/contracts';
import { execute, many } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf, publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import { createKafka, type Admin } from '../kafka/kafka-client.js';
import { moveOffsets } from '../kafka/move-offsets.js';
import { listOffsets } from '../offsets/group-offsets.js';
import { skipOffsets } from '../offsets/skip-offsets.js';
import type { EventContext } from './event-context.js';
import { consumerMetrics } from './metrics.js';
import { OnEvent } from './on-event.js';

const narrow = (topic: TopicDefinition): TopicDefinition => ({ ...topic, partitions: 2 });
const [events, challenges] = [narrow(topics.userEvents), narrow(topics.challenges)];
const { name: topic } = topics.userEvents;
const groups = ['late', 'sudden', 'empty', 'anew', 'tokens', 'spec.view'];
const partition = 1;

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let admin: Admin;
let held: Promise<void> | undefined;

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1, { group: 'late' })
  late(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('late', data.version, context);
  }

  @OnEvent(userRegisteredV1, { group: 'sudden' })
  sudden(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('sudden', data.version, context);
  }

  @OnEvent(userRegisteredV1, { group: 'empty' })
  empty(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('empty', data.version, context);
  }

  @OnEvent(userRegisteredV1, { group: 'anew' })
  anew(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('anew', data.version, context);
  }

  @OnEvent(userRegisteredV1, { group: 'spec.view' })
  view(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('spec.view', data.version, context);
  }

  @OnEvent(challengeIssuedV1, { group: 'tokens' })
  token(@Payload() _: unknown, @Ctx() context: EventContext) {
    return record('tokens', 0, context);
  }
}

async function record(group: string, version: number, { tx }: EventContext): Promise<void> {
  await held;
  await execute(tx, `insert into effects values ($1, $2)`, [group, version]);
}

beforeAll(async () => {
  const read = Object.fromEntries(groups.map((group) => [group, [events, challenges]]));
  spec = await messagingSpec({ topics: [events, challenges], groups: read, poolSize: 20 });
  await execute(spec.db, `create table effects (grp text, version int, seq serial)`);
  publisher = newPublisher(spec);
  admin = createKafka({ brokers: spec.brokers, clientId: 'spec' }).admin();
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await publisher.close();
  await spec.drop();
});

let version = 0;

/** Announces so many; answers their versions. */
async function announce(count: number): Promise<number[]> {
  const versions = Array.from({ length: count }, () => (version += 1));
  for (const each of versions)
    await publish(
      publisher,
      userRegisteredV1,
      { ...userRegisteredV1.fixture, version: each },
      {
        key: randomUUID(),
        partition,
      },
    );
  return versions;
}

/** Deletes all that the partition holds, as retention does. */
async function deleteAll(name = topic): Promise<void> {
  const ends = await admin.fetchTopicOffsets(spec.prefix + name);
  const offset = ends.find((each) => each.partition === partition)?.high ?? '0';
  await admin.deleteTopicRecords({ topic: spec.prefix + name, partitions: [{ partition, offset }] });
}

async function versionsOf(group: string): Promise<number[]> {
  const rows = await many<{ version: number }>(
    spec.db,
    `select version from effects where grp = $1 order by seq`,
    [group],
  );
  return rows.map((row) => row.version);
}

const start = (group: string) => startServer(spec, [Registrations], { group, brokers: spec.brokers });
const reading = (server: { trouble: string | undefined }) =>
  waitFor(() => server.trouble === undefined, { what: 'the consumer to join' });
const idle = (group: string, name = topic) => waitFor(async () => (await lagOf(spec, group, name)) === 0);

/** The group has committed where it begins. */
const begun = (group: string) =>
  waitFor(async () => (await listOffsets(options(group))).every(({ committed }) => committed !== undefined));

const options = (group: string) => ({ ...spec, topicPrefix: spec.prefix, group, topic });

it('stays where it is when its next record was deleted, says so, and goes on by itself after a recorded skip', async () => {
  const first = await start('late');
  const read = await announce(2);
  await waitFor(async () => (await versionsOf('late')).length === 2);
  await idle('late');
  await first.service.close();
  await announce(3);
  await deleteAll();
  const [kept] = await announce(1);

  const { server, service } = await start('late');
  await waitFor(() => server.trouble?.includes('deleted'));
  expect(() => server.checkReady()).toThrow(
    `Group late: 3 records of ${topic} (partition 1) were deleted before the group had read them; ` +
      `it stays where it is until somebody decides: npm run events -- offsets skip --group late --topic ${topic}`,
  );
  await server.checkLive();
  const [stranded] = (await listOffsets(options('late'))).filter((each) => each.partition === partition);
  expect(stranded).toEqual({ topic, partition, committed: 2n, start: 5n, end: 6n });
  expect(await versionsOf('late')).toEqual(read);

  expect(await skipOffsets(spec.db, options('late'))).toEqual([stranded]);
  await waitFor(async () => (await versionsOf('late')).length === 3);
  expect(await versionsOf('late')).toEqual([...read, kept]);
  expect(() => server.checkReady()).not.toThrow();
  const skips = await many(
    spec.db,
    `select consumer_group, topic, partition, from_offset, to_offset from offset_skips`,
  );
  expect(skips).toEqual([{ consumer_group: 'late', topic, partition, from_offset: '2', to_offset: '5' }]);
  await expect(skipOffsets(spec.db, options('late'))).rejects.toThrow('Group late reads (Stable)');
  await service.close();
  expect(await skipOffsets(spec.db, options('late'))).toEqual([]);
});

it('does not jump when its next record is deleted while it runs', async () => {
  const { server, service } = await start('sudden');
  await reading(server);
  const before = await announce(1);
  await waitFor(async () => (await versionsOf('sudden')).at(-1) === before[0]);
  await idle('sudden');
  // A fetch that is not answered yet would bring the records before they are deleted.
  server
    .unwrap<[unknown, { pause(topics: { topic: string }[]): void }]>()[1]
    .pause([{ topic: spec.prefix + topic }]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await announce(2);
  await deleteAll();
  await announce(1);
  server
    .unwrap<[unknown, { resume(topics: { topic: string }[]): void }]>()[1]
    .resume([{ topic: spec.prefix + topic }]);
  await waitFor(() => server.trouble?.includes('2 records'));
  expect(() => server.checkReady()).toThrow('offsets skip --group sudden');
  expect((await versionsOf('sudden')).at(-1)).toBe(before[0]);
  const offsets = await listOffsets(options('sudden'));
  expect(offsets.find((each) => each.partition === partition)?.committed).toBe(
    (offsets.find((each) => each.partition === partition)?.start ?? 0n) - 2n,
  );
  await service.close();
});

it('notices the loss of the first records of a partition in which it had read nothing', async () => {
  await deleteAll();
  const first = await start('empty');
  await begun('empty');
  await first.service.close();
  await announce(2);
  await deleteAll();
  const { server, service } = await start('empty');
  await waitFor(() => server.trouble?.includes('2 records'));
  await service.close();
});

it('names the rebuild as the way out for a projection', async () => {
  const first = await start('spec.view');
  await begun('spec.view');
  await first.service.close();
  await announce(1);
  await deleteAll();
  const { server, service } = await start('spec.view');
  await waitFor(() => server.trouble?.includes('deleted'));
  expect(() => server.checkReady()).toThrow(
    'npm run events -- replay --projection spec.view --from beginning',
  );
  await expect(skipOffsets(spec.db, options('spec.view'))).rejects.toThrow('spec.view is a projection');
  await service.close();
});

it('does not read a topic that was made anew from where it stood in the old one', async () => {
  const first = await start('anew');
  await reading(first.server);
  await announce(1);
  await idle('anew');
  await first.service.close();
  const [{ end } = { end: 0n }] = (await listOffsets(options('anew'))).filter(
    (each) => each.partition === partition,
  );
  await moveOffsets(createKafka({ brokers: spec.brokers, clientId: 'spec' }), {
    groupId: `${spec.prefix}anew`,
    topics: [spec.prefix + topic],
    moves: [{ topic: spec.prefix + topic, partition, offset: String(end + 10n) }],
  });
  const { server, service } = await start('anew');
  await waitFor(() => server.trouble?.includes('behind the end'));
  await skipOffsets(spec.db, options('anew'));
  await reading(server);
  await service.close();
});

it('goes on by itself where records that old are worth nothing, and counts them', async () => {
  const { name } = topics.challenges;
  const send = () =>
    publish(publisher, challengeIssuedV1, challengeIssuedV1.fixture, { key: randomUUID(), partition });
  const first = await start('tokens');
  await reading(first.server);
  await send();
  await waitFor(async () => (await versionsOf('tokens')).length === 1);
  await idle('tokens', name);
  await first.service.close();
  for (let i = 0; i < 4; i += 1) await send();
  await deleteAll(name);
  await send();
  const { server, service } = await start('tokens');
  await waitFor(async () => (await versionsOf('tokens')).length === 2);
  await idle('tokens', name);
  expect(() => server.checkReady()).not.toThrow();
  await service.close();
  const { values } = await consumerMetrics.lost.get();
  expect(values).toEqual([{ value: 4, labels: { group: 'tokens', topic: name } }]);
});
