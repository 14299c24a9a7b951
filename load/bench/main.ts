// npm run bench [-- --seconds 8] [--only sign-in,read-me]: starts a platform of its own, measures, prints and writes
// docs/benchmarks/first-look.md. Figures of a shared machine: compare medians of runs made side by side.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SmtpSink } from '@nest-arch/testing';
import { startPlatform } from '../../tools/platform/platform.ts';
import { type World, makePeople } from './people.ts';
import { idleMemory } from './processes.ts';
import { report, type Row } from './report.ts';
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

const option = (name: string) => process.argv[process.argv.indexOf(`--${name}`) + 1];
const has = (name: string) => process.argv.includes(`--${name}`);
const only = has('only') ? (option('only') ?? '').split(',') : Object.keys(scenarios);
const seconds = has('seconds') ? Number(option('seconds')) : 8;

const dataDir = mkdtempSync(join(tmpdir(), 'nest-arch-bench-'));
// Postgres runs as a user of its own, which has to get in.
chmodSync(dataDir, 0o755);
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
  for (const name of only) {
    console.error(`measuring ${name} …`);
    rows.push(...((await scenarios[name]?.(world)) ?? []));
  }
  await report(rows, { seconds });
} finally {
  await platform.stop();
  await smtp.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
