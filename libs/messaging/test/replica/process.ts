// One replica of a service as a process of its own: writes, relays and consumes, and dies where it is told to. Run by
// node itself against the built library, so no decorator syntax here.
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import {
  type EventDefinition,
  profileStateV1,
  profileUpdatedV1,
  userEmailVerifiedV1,
  userErasureDueV1,
  userPasswordChangedV1,
  userRegisteredV1,
  userRolesChangedV1,
  userStateV1,
} from '@nest-arch/contracts';
import { execute, one, openDatabase, type Db, type Tx } from '@nest-arch/database';
import {
  InboxPartitions,
  OnEvent,
  Outbox,
  PermanentError,
  PlatformKafkaServer,
  ProjectionServer,
  Publisher,
  Relay,
  markErased,
  type EventContext,
} from '@nest-arch/messaging';
import { armCrashPoints } from '@nest-arch/messaging/crash';
import { Projected } from './projected.ts';
import { deadLetterMark } from './tables.ts';
import { isBad, type Command, type Kind, type ReplicaOptions, type Report, type Work } from './protocol.ts';

const options = JSON.parse(process.argv[2] ?? '') as ReplicaOptions;
Logger.overrideLogger(process.env['SPEC_LOGS'] ? ['error', 'warn', 'log', 'debug'] : false);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const tell = (report: Report) => process.send?.(report);

interface Change {
  userId: string;
  n: number;
  last: boolean;
}

/** What is announced with a change, in its transaction. */
function announcements(outbox: Outbox): Record<Kind, (tx: Tx, change: Change) => Promise<void>> {
  const add =
    <T>(event: EventDefinition<T>, more: { urgent?: boolean; data?: (n: number) => object } = {}) =>
    (tx: Tx, { userId, n }: Change) => {
      const data = { ...event.fixture, userId, version: n, ...more.data?.(n) };
      return outbox.add(tx, event, data, { key: userId, version: n, urgent: more.urgent ?? false });
    };
  const huge = (n: number) => ({ granted: [isBad(n) ? 'x'.repeat(1_200_000) : 'admin'] });
  const state = add(userStateV1);
  return {
    event: add(userRegisteredV1),
    urgent: add(userEmailVerifiedV1, { urgent: true }),
    deadLetter: add(userPasswordChangedV1),
    unpublishable: add(userRolesChangedV1, { data: huge }),
    projectedEvent: add(profileUpdatedV1),
    projectedState: add(profileStateV1),
    projectedDeadLetter: add(profileUpdatedV1, {
      data: (n) => ({ changedFields: [isBad(n) ? deadLetterMark : 'displayName'] }),
    }),
    state,
    tombstone: async (tx, change) => {
      if (!change.last) return state(tx, change);
      await add(userErasureDueV1)(tx, change);
      await outbox.tombstone(tx, userStateV1, { key: change.userId, version: change.n });
    },
  };
}

async function write(db: Db, outbox: Outbox, { kind, users, rounds, final }: Work): Promise<void> {
  const announce = announcements(outbox)[kind];
  for (let round = 1; round <= rounds; round += 1) {
    const last = (final ?? false) && round === rounds;
    await Promise.all(
      users.map((userId) =>
        db.transaction(async (tx) => {
          const { n } = await one<{ n: number }>(
            tx,
            `insert into users as u values ($1, 1)
             on conflict (user_id) do update set version = u.version + 1 returning version as n`,
            [userId],
          );
          await execute(tx, `insert into written values ($1, $2, $3)`, [userId, n, kind]);
          await announce(tx, { userId, n, last });
        }),
      ),
    );
    await pause(20);
  }
}

class Effects {
  async happened(_data: unknown, context: EventContext): Promise<void> {
    if (options.handlerMs) await pause(options.handlerMs);
    await record(context);
  }

  async fails(_data: unknown, context: EventContext): Promise<void> {
    await record(context);
    if (isBad(context.version ?? 0)) throw new PermanentError('every third');
  }

  async state(_data: unknown, { tx, key, version, id, type, tombstone }: EventContext): Promise<void> {
    if (tombstone) {
      await execute(tx, `delete from states where user_id = $1`, [key]);
      return;
    }
    await execute(
      tx,
      `with applied as (
         insert into states as s values ($1, $2)
         on conflict (user_id) do update set version = excluded.version where excluded.version > s.version
         returning 1)
       insert into effects (user_id, n, event_id, type) select $1, $2, $3, $4 from applied`,
      [key, version, id, type],
    );
  }

  async erase(_data: unknown, context: EventContext): Promise<void> {
    await markErased(context.tx, context.key);
    await execute(context.tx, `delete from states where user_id = $1`, [context.key]);
    await record(context);
  }
}

function record({ tx, key, version, id, type }: EventContext): Promise<number> {
  return execute(tx, `insert into effects (user_id, n, event_id, type) values ($1, $2, $3, $4)`, [
    key,
    version,
    id,
    type,
  ]);
}

function handles<T>(event: EventDefinition<T>, method: keyof Effects): void {
  // A method has one pattern, so every type gets a method of its own.
  const name = `${method} ${event.type}`;
  const descriptor: PropertyDescriptor = {
    value: function (this: Effects, data: unknown, context: EventContext) {
      return this[method](data, context);
    },
    configurable: true,
    writable: true,
  };
  Object.defineProperty(Effects.prototype, name, descriptor);
  OnEvent(event)(Effects.prototype, name, descriptor);
  Payload()(Effects.prototype, name, 0);
  Ctx()(Effects.prototype, name, 1);
}

handles(userRegisteredV1, 'happened');
handles(userEmailVerifiedV1, 'happened');
handles(userRolesChangedV1, 'happened');
handles(userPasswordChangedV1, 'fails');
handles(userStateV1, 'state');
handles(userErasureDueV1, 'erase');
Controller()(Effects);
class ReplicaModule {}
Module({ controllers: [Effects] })(ReplicaModule);

function arm(point: string, times: number): void {
  let left = times;
  armCrashPoints((reached) => {
    if (reached !== point) return;
    left -= 1;
    if (left > 0) return;
    process.kill(process.pid, 'SIGKILL');
    // Not one instruction more, however late the signal is delivered.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}

async function start() {
  const { url, brokers, prefix, leaseMs = 1_500, marginMs = 400 } = options;
  const db = await openDatabase({ url, poolSize: 12 });
  const connection = { brokers, clientId: 'replica', topicPrefix: prefix };
  const [publisher, urgent] = [new Publisher(connection), new Publisher(connection)];
  const relay = new Relay(db, publisher, { leaseMs, marginMs });
  const outbox = new Outbox({ source: '/nest-arch/replica', relay, urgent });
  const parts = { db, partitions: new InboxPartitions(db), brokers, appName: 'replica', topicPrefix: prefix };
  const server = new PlatformKafkaServer(parts, { concurrency: 6 });
  const projecting = new ProjectionServer(parts, new Projected());
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(ReplicaModule, {
    strategy: server,
    logger: process.env['SPEC_LOGS'] ? ['error', 'warn', 'log'] : false,
    abortOnError: false,
  });
  await service.listen();
  reportLeading(server);
  projecting.listen(() => {});
  relay.start();
  const readsAll = () => server.trouble === undefined && projecting.trouble === undefined;
  while (!readsAll() || !holdsAny(relay)) await pause(20);
  return {
    write: (work: Work) => write(db, outbox, work),
    stop: async () => {
      await Promise.all([service.close(), projecting.close()]);
      await relay.stop();
      await Promise.all([publisher.close(), urgent.close()]);
      await db.close();
    },
  };
}

function holdsAny(relay: Relay): boolean {
  return Array.from({ length: 64 }, (_, bucket) => bucket).some((bucket) => relay.holds(bucket));
}

/** Every generation of a group has one leader, so the replicas' reports add up to the rebalances. */
function reportLeading(server: PlatformKafkaServer): void {
  let seen: KafkaConsumer | undefined;
  setInterval(() => {
    const [, consumer] = server.unwrap<[unknown, KafkaConsumer | undefined]>();
    if (consumer === seen) return;
    seen = consumer;
    consumer?.on('consumer.group_join', ({ payload }) => payload.isLeader && tell({ is: 'leading' }));
  }, 10).unref();
}

interface KafkaConsumer {
  on(name: 'consumer.group_join', listener: (event: { payload: { isLeader: boolean } }) => void): void;
}

// Whoever started us is gone: nobody will end us.
process.once('disconnect', () => process.exit());

const replica = await start();
process.on('message', (command: Command) => {
  if (command.do === 'arm') arm(command.point, command.times);
  if (command.do === 'write') void replica.write(command.work).then(() => tell({ is: 'written' }));
  if (command.do === 'stop') {
    void replica.stop().then(() => {
      tell({ is: 'stopped' });
      process.disconnect();
    });
  }
});
tell({ is: 'ready' });
