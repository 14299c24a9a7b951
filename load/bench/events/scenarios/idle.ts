import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { topics } from '@nest-arch/contracts';
import { nodeFlags } from '../../../../tools/platform/services.ts';
import { cpuSeconds, pssMib } from '../../processes.ts';
import { createDirectory } from '../directory.ts';
import type { IdleOptions } from '../idle-service.ts';
import type { Measurement } from '../measurement.ts';
import { changes, fillTopic, newUsers, state } from '../records.ts';
import type { World } from '../world.ts';

const settleMs = 6_000;
const measureMs = 10_000;
const people = 50_000;

type Parts = Pick<IdleOptions, 'relay' | 'consumer' | 'projection'>;

const variants: { name: string; what: string; parts: Parts }[] = [
  { name: 'none', what: 'database alone', parts: { relay: false, consumer: false, projection: false } },
  { name: 'relay', what: 'relay', parts: { relay: true, consumer: false, projection: false } },
  { name: 'consumer', what: 'relay and consumer', parts: { relay: true, consumer: true, projection: false } },
  {
    name: 'projection',
    what: `relay, consumer and projection that has read ${people} states`,
    parts: { relay: true, consumer: true, projection: true },
  },
];

/** What services cost that have nothing to do: each variant in a process of its own, all at the same time. */
export async function idle(world: World): Promise<Measurement[]> {
  const services = await Promise.all(variants.map((variant) => start(world, variant)));
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const before = services.map((pid) => cpuSeconds(pid.pid));
  const watch = await world.watch('idle');
  await new Promise((resolve) => setTimeout(resolve, measureMs));
  const { seconds, cpu } = await watch.stop(1);
  const perSecond = (cpuSpent: number) => (cpuSpent / seconds) * 1000;
  const rows = services.flatMap(({ pid, name, what }, index): Measurement[] => [
    {
      id: `idle-${name}`,
      what: `Idle service with ${what}: its CPU`,
      unit: 'ms/s',
      values: [perSecond(cpuSeconds(pid) - (before[index] ?? NaN))],
    },
    {
      id: `memory-${name}`,
      what: `Idle service with ${what}: its memory (PSS)`,
      unit: 'MiB',
      values: [pssMib(pid)],
      goal: { below: 130 },
    },
  ]);
  await Promise.all(services.map(({ stop }) => stop()));
  const engine = (id: string, what: string, spent: number): Measurement => ({
    id,
    what: `${what} under these ${services.length} idle services`,
    unit: 'ms/s',
    values: [perSecond(spent)],
  });
  return [
    ...rows,
    engine('idle-postgres', 'Postgres', cpu.postgres),
    engine('idle-kafka', 'Kafka', cpu.kafka),
  ];
}

async function start(world: World, { name, what, parts }: (typeof variants)[number]) {
  const { db, url } = await world.database(`idle_${name}`);
  const topicPrefix = `idle-${name}.`;
  const read = [topics.userState, topics.userEvents];
  await createDirectory(db);
  await world.topics(topicPrefix, read, { bench: read, 'bench.directory': read });
  if (parts.projection) await fillTopic(world.publisher(topicPrefix), changes(newUsers(people), 1), state);
  const options: IdleOptions = { url, brokers: world.brokers, topicPrefix, appName: 'bench', ...parts };
  const child = fork(join(import.meta.dirname, '..', 'idle-service.ts'), [JSON.stringify(options)], {
    execArgv: [...nodeFlags],
  });
  await begun(child, parts.projection ? people : 0);
  return { name, what, pid: child.pid ?? 0, stop: () => end(child) };
}

/** The service has started, and read what there was. */
function begun(child: ChildProcess, records: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let ready = false;
    let read = 0;
    child.once('exit', (code) => reject(new Error(`the idle service ended with ${code}`)));
    child.on('message', (message: { ready?: boolean; read?: number }) => {
      ready ||= message.ready ?? false;
      read = message.read ?? read;
      if (ready && read >= records) resolve();
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.disconnect();
  return ended;
}
