import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../../tools/process/paths.ts';

export interface Row {
  what: string;
  value: number;
  unit: string;
  /** What design and issue hope for, as text. */
  goal?: string;
}

/** Prints the table and writes it with its conditions to docs/benchmarks/. */
export async function report(rows: readonly Row[], { seconds }: { seconds: number }): Promise<void> {
  const conditions = [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit()}`,
    `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`,
    `Node ${process.versions.node}; load generator, services, Postgres 18, Kafka 4.2 and Redis share these cores`,
    `${seconds} s a measurement after 2 s of warm-up, closed loop, one run; fsync on`,
  ];
  const text = (value: number) =>
    value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  const lines = rows.map((row) => `| ${row.what} | ${text(row.value)} ${row.unit} | ${row.goal ?? ''} |`);
  const page = [
    '# Benchmark: first look',
    '',
    'Written by `npm run bench`. Conditions:',
    '',
    ...conditions.map((line) => `- ${line}`),
    '',
    '| Measure, through the gateway | Figure | Goal |',
    '| --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
  console.log(page);
  const folder = join(root, 'docs', 'benchmarks');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'first-look.md'), page);
  await writeFile(join(folder, 'first-look.json'), `${JSON.stringify({ conditions, rows }, null, 2)}\n`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
