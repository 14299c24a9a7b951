import { randomUUID } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { topics, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { execute, many, one } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { lagOf, publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import { createTopics } from '../topics/create-topics.js';
import type { EventContext } from './event-context.js';
import { OnEvent } from './on-event.js';

const groups = ['balanced', 'stopping', 'late', 'missing'];
let spec: Awaited<ReturnType<typeof messagingSpec>>;
let publisher: ReturnType<typeof newPublisher>;
let handlerMs = 0;

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1, { group: 'balanced' })
  balanced(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('balanced', data.version, context);
  }

  @OnEvent(userRegisteredV1, { group: 'stopping' })
  stopping(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('stopping', data.version, context);
  }

  @OnEvent(userRegisteredV1, { group: 'late' })
  late(@Payload() data: { version: number }, @Ctx() context: EventContext) {
    return record('late', data.version, context);
  }
}

async function record(group: string, version: number, { tx, key }: EventContext): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, handlerMs));
  await execute(tx, `insert into effects values ($1, $2, $3)`, [group, key, version]);
}

beforeAll(async () => {
  const read = Object.fromEntries(groups.map((group) => [group, [topics.userEvents]]));
  spec = await messagingSpec({ topics: [topics.userEvents], groups: read, poolSize: 20 });
  await execute(spec.db, `create table effects (grp text, key text, version int, seq serial)`);
  publisher = newPublisher(spec);
});
afterAll(async () => {
  await publisher.close();
  await spec.drop();
});

async function sendVersions(keys: string[], from: number, to: number): Promise<void> {
  for (let version = from; version <= to; version += 1) {
    await Promise.all(
      keys.map((key) =>
        publish(publisher, userRegisteredV1, { ...userRegisteredV1.fixture, version }, { key, version }),
      ),
    );
  }
}

const countOf = (group: string) =>
  one<{ n: number }>(spec.db, `select count(*)::int as n from effects where grp = $1`, [group]).then(
    ({ n }) => n,
  );
const idle = (group: string) => lagOf(spec, group, topics.userEvents.name).then((lag) => lag === 0);

it('gives every event one effect, in order per key, while members come and go', async () => {
  const keys = Array.from({ length: 16 }, () => randomUUID());
  handlerMs = 3;
  const options = { group: 'balanced' };
  const first = await startServer(spec, [Registrations], options);
  await sendVersions(keys, 1, 10);
  const [second, third] = await Promise.all([
    startServer(spec, [Registrations], options),
    startServer(spec, [Registrations], options),
    sendVersions(keys, 11, 25),
  ]);
  await first.service.close();
  await sendVersions(keys, 26, 35);
  await second.service.close();
  await waitFor(async () => (await countOf('balanced')) >= 16 * 35);
  await waitFor(() => idle('balanced'));
  await third.service.close();

  const rows = await many<{ versions: number[] }>(
    spec.db,
    `select array_agg(version order by seq) as versions from effects where grp = 'balanced' group by key`,
  );
  const inOrder = Array.from({ length: 35 }, (_, index) => index + 1);
  expect(rows.map(({ versions }) => versions)).toEqual(keys.map(() => inOrder));
});

it('finishes and commits the record at work when it stops', async () => {
  handlerMs = 300;
  const { service } = await startServer(spec, [Registrations], { group: 'stopping' });
  await waitFor(async () => (await countOf('stopping')) > 0);
  await service.close();
  const done = await countOf('stopping');
  const left = await lagOf(spec, 'stopping', topics.userEvents.name);
  expect(done + left).toBe(16 * 35);
});

it('starts while Kafka is away and reads when it has come', async () => {
  handlerMs = 0;
  const [host = '', port = ''] = (spec.brokers[0] ?? '').split(':');
  const door = new Door(host, Number(port));
  const { server, service } = await startServer(spec, [Registrations], {
    group: 'late',
    brokers: [`127.0.0.1:${await door.reserve()}`],
  });
  await waitFor(() => server.trouble);
  await expect(server.checkLive()).resolves.toBeUndefined();
  await door.open();
  await waitFor(async () => (await countOf('late')) === 16 * 35);
  expect(server.trouble).toBeUndefined();
  await service.close();
  await door.close();
});

it('is not ready while a topic is missing, and reads when it has been created', async () => {
  @Controller()
  class States {
    @OnEvent(userStateV1, { group: 'missing' })
    state() {
      return Promise.resolve();
    }
  }
  const { server, service } = await startServer(spec, [States], { group: 'missing', brokers: spec.brokers });
  await waitFor(() => server.trouble?.includes('topics are missing'));
  expect(() => server.checkReady()).toThrow(`${topics.userState.name}.missing.dlq`);
  const groups = { missing: [topics.userState] };
  await createTopics({ brokers: spec.brokers, prefix: spec.prefix, groups, only: [topics.userState] });
  await waitFor(() => server.trouble === undefined);
  expect(() => server.checkReady()).not.toThrow();
  await service.close();
});

it('is alive while nothing comes, and no longer when its consumer stays down although the broker answers', async () => {
  const { server, service } = await startServer(spec, [Registrations], { group: 'stopping' });
  await waitFor(() => idle('stopping'));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await expect(server.checkLive(1_000)).resolves.toBeUndefined();
  await service.close();

  // The broker admits no member that may be silent for so short a time, so this one crashes at each try to join.
  const crashing = await startServer(spec, [Registrations], {
    group: 'stopping',
    sessionTimeoutMs: 1_000,
    brokers: spec.brokers,
  });
  await waitFor(() =>
    crashing.server.checkLive(1_000).then(
      () => false,
      (error: Error) => error.message.includes('Group stopping has not read for'),
    ),
  );
  await expect(crashing.server.checkLive()).resolves.toBeUndefined();
  await crashing.service.close();
});

it('does not boot with two handlers of one type, with an unknown type, or with a question-and-answer handler', async () => {
  @Controller()
  class Twin {
    @OnEvent(userRegisteredV1, { group: 'balanced' })
    again() {
      return Promise.resolve();
    }
  }
  @Controller()
  class Foreign {
    @OnEvent({ ...userRegisteredV1, type: 'some.other.type.v1' }, { group: 'balanced' })
    foreign() {
      return Promise.resolve();
    }
  }
  @Controller()
  class Question {
    @MessagePattern('what.time.is.it')
    answer() {
      return 'late';
    }
  }
  const booting = (...controllers: Parameters<typeof startServer>[1]) =>
    startServer(spec, controllers, { group: 'balanced' });
  await expect(booting(Registrations, Twin)).rejects.toThrow('Two handlers of auth.user.registered.v1');
  await expect(booting(Foreign)).rejects.toThrow('contracts do not know');
  await expect(booting(Question)).rejects.toThrow('nothing answers over Kafka');
});

/** A way to the broker that opens later than the process that needs it starts. */
class Door {
  private server: Server | undefined;
  private port = 0;
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly host: string,
    private readonly target: number,
  ) {}

  async reserve(): Promise<number> {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    this.port = (probe.address() as { port: number }).port;
    await new Promise((resolve) => probe.close(resolve));
    return this.port;
  }

  async open(): Promise<void> {
    this.server = createServer((socket) => {
      const onward = connect(this.target, this.host);
      for (const each of [socket, onward]) {
        this.sockets.add(each);
        each.on('error', () => undefined);
      }
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}
