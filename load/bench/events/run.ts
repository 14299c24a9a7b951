import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../../../tools/engines/kafka.ts';
import { startPostgres } from '../../../tools/engines/postgres.ts';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { removeAtEnd } from '../../../tools/process/owned-process.ts';
import type { BenchOptions } from '../options.ts';
import { figure } from '../report.ts';
import { type Measurement, median } from './measurement.ts';
import { type Findings, report } from './page.ts';
import { kafkaLimits } from './limits/kafka.ts';
import { postgresLimits } from './limits/postgres.ts';
import { add } from './scenarios/add.ts';
import { batch } from './scenarios/batch.ts';
import { consume } from './scenarios/consume.ts';
import { idle } from './scenarios/idle.ts';
import { insertAndRelay } from './scenarios/insert-and-relay.ts';
import { latency } from './scenarios/latency.ts';
import { relay } from './scenarios/relay.ts';
import { World } from './world.ts';

const limits = { 'kafka-limits': kafkaLimits, 'postgres-limits': postgresLimits };
const figures = {
  latency,
  add,
  relay,
  consume,
  batch,
  'insert-and-relay': insertAndRelay,
  idle,
};
const scenarios: Record<string, (world: World) => Promise<Measurement[]>> = { ...limits, ...figures };

/** libs/messaging in this process, on a Postgres and a Kafka of its own that are as durable as users run them. */
export async function run(options: BenchOptions): Promise<void> {
  const { only = Object.keys(scenarios), seconds = 6, profile } = options;
  const unknown = only.filter((name) => !scenarios[name]);
  if (unknown.length > 0)
    throw new Error(`no scenario ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}`);
  Logger.overrideLogger(['error', 'warn']);
  const startedAt = performance.now();
  const elapsedSeconds = () => (performance.now() - startedAt) / 1000;
  const engines = await startEngines();
  const world = new World(engines, { seconds, profile });
  try {
    const found = new Map<string, Measurement[]>();
    for (const name of only) {
      console.error(`${elapsedSeconds().toFixed(0)} s: measuring ${name} …`);
      const measurements = (await scenarios[name]?.(world)) ?? [];
      found.set(name, measurements);
      for (const each of measurements)
        console.error(`  ${each.id}: ${figure(median(each.values))} ${each.unit}`);
    }
    // A profiler slows down what it looks at.
    if (!profile)
      await report(
        findings(found, {
          settings: await settings(world),
          seconds,
          elapsedSeconds: elapsedSeconds(),
          write: !options.only,
        }),
      );
  } finally {
    await world.close();
    await engines.stop();
  }
}

function findings(found: ReadonlyMap<string, Measurement[]>, rest: Omit<Findings, 'groups'>): Findings {
  const of = (names: object) => Object.keys(names).flatMap((name) => found.get(name) ?? []);
  return {
    ...rest,
    groups: [
      {
        heading: 'Figures',
        text: 'One process with the library as our services have it: pool of 12 connections, six handlers at once, one relay. The CPU of a figure includes whatever made its load.',
        measurements: of(figures),
      },
      {
        heading: 'Limits of the parts beneath, in the same run',
        text: 'The same records, statements and engines without anything of ours between.',
        measurements: of(limits),
      },
    ],
  };
}

async function startEngines() {
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-bench-'));
  // Postgres runs as a user of its own, which has to get in.
  chmodSync(folder, 0o755);
  removeAtEnd(folder);
  const place = (name: string) => ({ dataDir: join(folder, name), logFile: join(folder, `${name}.log`) });
  const [postgres, kafka] = await Promise.all([
    startPostgres({ ...place('postgres'), password: randomBytes(12).toString('hex') }),
    startKafka(place('kafka')),
  ]);
  const stop = async () => {
    await Promise.all([postgres.stop(), kafka.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return { postgres, kafka, stop };
}

/** How durable the engines were, asked of Postgres itself. */
async function settings({ postgresUrl }: World): Promise<string[]> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version') order by name`,
  );
  await client.end();
  return [
    `Postgres: ${rows.map(({ name, setting }) => `${name} ${setting}`).join(', ')}`,
    'Kafka: acks -1 with one replica, written to the page cache and flushed by the system, as out of the box',
  ];
}
