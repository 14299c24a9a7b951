import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { execute } from '@nest-arch/database';
import { announce, change, createUsers, turns } from '../change.ts';
import { cpuPerEvent, type Measurement, repeat } from '../measurement.ts';
import { type BenchHandler, type BenchService, startService } from '../service.ts';
import type { Span } from '../stopwatch.ts';
import type { World } from '../world.ts';

const perSecond = 200;

/** Moments of one event, in milliseconds of this process' clock. */
interface Journey {
  due: number;
  committed?: number;
  effect?: number;
}

interface Round {
  span: Span;
  journeys: Required<Journey>[];
}

/** Changes that arrive by chance, on average 200 a second, whatever becomes of the ones before: an open system. */
export async function latency(world: World): Promise<Measurement[]> {
  const journeys = new Map<string, Journey>();
  const service = await startBoth(world, journeys);
  const nextUser = turns(await createUsers(service.db, 10_000));
  const send = async (due: number) => {
    const userId = nextUser();
    await service.db.transaction(async (tx) => {
      const version = await change(tx, userId);
      const journey: Journey = { due };
      journeys.set(`${userId}/${version}`, journey);
      tx.afterCommit(() => (journey.committed = performance.now()));
      await announce(service.outbox, tx, { userId, version });
    });
  };
  const round = async (name: string): Promise<Round> => {
    journeys.clear();
    const watch = await world.watch(name);
    const count = Math.round(world.seconds * 1.25 * perSecond);
    await arrive(count, send);
    await complete(journeys, count);
    return { span: await watch.stop(count), journeys: [...journeys.values()] as Required<Journey>[] };
  };
  await round('latency-warm-up');
  const rounds = await repeat(3, (index) => round(`latency-${index}`));
  await service.stop();
  return measurements(rounds);
}

/** Producer, relay and consumer in one service. */
async function startBoth(world: World, journeys: Map<string, Journey>): Promise<BenchService> {
  const { db, url } = await world.database('latency');
  await execute(
    db,
    'create table effects (event_id uuid not null, user_id uuid not null, version integer not null)',
  );
  const topicPrefix = 'latency.';
  await world.topics(topicPrefix, [topics.userEvents], { bench: [topics.userEvents] });
  const handler: BenchHandler = {
    event: userRegisteredV1 as BenchHandler['event'],
    async handle({ userId, version }: { userId: string; version: number }, { tx, id }) {
      const journey = journeys.get(`${userId}/${version}`);
      if (journey) tx.afterCommit(() => (journey.effect = performance.now()));
      await execute(tx, 'insert into effects (event_id, user_id, version) values ($1, $2, $3)', [
        id,
        userId,
        version,
      ]);
    },
  };
  return startService({
    url,
    messaging: { appName: 'bench', brokers: world.brokers, topicPrefix },
    handlers: [handler],
    servers: [{}],
  });
}

/** Calls at moments set beforehand, with gaps of a Poisson process; each time is counted from its moment. */
async function arrive(count: number, send: (due: number) => Promise<void>): Promise<void> {
  const running: Promise<void>[] = [];
  let due = performance.now();
  for (let index = 0; index < count; index += 1) {
    due += (-Math.log(1 - Math.random()) / perSecond) * 1000;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    running.push(send(due));
  }
  await Promise.all(running);
}

async function complete(journeys: Map<string, Journey>, count: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  const done = () => [...journeys.values()].filter(({ effect }) => effect !== undefined).length;
  while (done() < count) {
    if (performance.now() > deadline) throw new Error(`only ${done()} of ${count} effects came`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function measurements(rounds: Round[]): Measurement[] {
  const percentile = (p: number, of: (journey: Required<Journey>) => number) =>
    rounds.map(({ journeys }) => {
      const sorted = journeys.map(of).sort((a, b) => a - b);
      return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;
    });
  const whole = ({ due, effect }: Required<Journey>) => effect - due;
  const behind = ({ committed, effect }: Required<Journey>) => effect - committed;
  const at = `at ${perSecond}/s`;
  const row = (id: string, what: string, values: number[], goal?: Measurement['goal']): Measurement => ({
    id,
    what,
    unit: 'ms',
    values,
    ...(goal && { goal }),
  });
  const first = row('latency-p50', `Change due → effect committed ${at}, p50`, percentile(0.5, whole), {
    below: 10,
  });
  return [
    { ...first, cpu: cpuPerEvent(rounds.map(({ span }) => span)) },
    row('latency-p95', `Change due → effect committed ${at}, p95`, percentile(0.95, whole)),
    row('latency-p99', `Change due → effect committed ${at}, p99`, percentile(0.99, whole), { below: 50 }),
    row('behind-p50', `Of this, change committed → effect committed, p50`, percentile(0.5, behind)),
    row('behind-p99', `Of this, change committed → effect committed, p99`, percentile(0.99, behind)),
  ];
}
