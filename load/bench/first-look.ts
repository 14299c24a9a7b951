import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SmtpSink } from '@nest-arch/testing';
import { startPlatform } from '../../tools/platform/platform.ts';
import { removeAtEnd } from '../../tools/process/owned-process.ts';
import type { BenchOptions } from './options.ts';
import { makePeople, type World } from './people.ts';
import { idleMemory } from './processes.ts';
import { figure, machine, type Row, showPage } from './report.ts';
import { readMe } from './scenarios/read-me.ts';
import { refresh } from './scenarios/refresh.ts';
import { registerToMail } from './scenarios/register-to-mail.ts';
import { revoke } from './scenarios/revoke.ts';
import { signIn } from './scenarios/sign-in.ts';

const scenarios: Record<string, (world: World) => Promise<Row[]>> = {
  'register-to-mail': registerToMail,
  'sign-in': signIn,
  refresh,
  'read-me': readMe,
  revoke,
};

/** The platform as users run it, measured through its gateway. */
export async function run({ only, seconds = 8 }: BenchOptions): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nest-arch-bench-'));
  // Postgres runs as a user of its own, which has to get in.
  chmodSync(dataDir, 0o755);
  removeAtEnd(dataDir);
  const smtp = await new SmtpSink().start();
  const startedAt = performance.now();
  // Durable as users run it: commits wait for the disk.
  const platform = await startPlatform({
    dataDir,
    engines: { smtpUrl: smtp.url },
    env: { all: { LOG_LEVEL: 'warn' } },
  });
  try {
    const rows: Row[] = [
      {
        what: 'Start of a fresh platform, empty data folder, to ready',
        value: (performance.now() - startedAt) / 1000,
        unit: 's',
      },
    ];
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    rows.push(...idleMemory(platform));
    const world: World = { platform, smtp, seconds, gateway: platform.urls.gateway, people: [] };
    world.people = await makePeople(world, 64);
    for (const name of only ?? Object.keys(scenarios)) {
      console.error(`measuring ${name} …`);
      rows.push(...((await scenarios[name]?.(world)) ?? []));
    }
    await report(rows, { seconds, write: !only });
  } finally {
    await platform.stop();
    await smtp.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function report(rows: Row[], { seconds, write }: { seconds: number; write: boolean }): Promise<void> {
  const conditions = [
    ...machine('load generator, services, Postgres 18, Kafka 4.2 and Redis'),
    `${seconds} s a measurement after 2 s of warm-up, closed loop, one run; fsync on`,
  ];
  const table = {
    head: ['Measure, through the gateway', 'Figure', 'Goal'],
    rows: rows.map((row) => [row.what, `${figure(row.value)} ${row.unit}`, row.goal ?? '']),
  };
  return showPage({
    name: 'first-look',
    title: 'Benchmark: first look',
    command: 'npm run bench',
    conditions,
    tables: [table],
    data: { rows },
    write,
  });
}
