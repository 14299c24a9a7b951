import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../../tools/process/paths.ts';

export interface Row {
  what: string;
  value: number;
  unit: string;
  /** What design and issue hope for, as text. */
  goal?: string;
}

export interface Table {
  heading?: string;
  /** What the table shows, under its heading. */
  text?: string;
  head: string[];
  rows: string[][];
}

export interface Page {
  /** Of the two files in docs/benchmarks/, without ending. */
  name: string;
  title: string;
  command: string;
  conditions: string[];
  tables: Table[];
  /** Beside the conditions in the JSON file. */
  data: object;
  /** False: only printed, for a run of some scenarios would overwrite the figures of the others. */
  write: boolean;
}

// Read before anything is measured: who else used the machine is a condition, and our own load is not.
const loadAtStart = loadavg()[0] ?? 0;

/** Prints the page and writes it, with its conditions, to docs/benchmarks/, for people and for programs. */
export async function showPage({
  name,
  title,
  command,
  conditions,
  tables,
  data,
  write,
}: Page): Promise<void> {
  const text = [
    `# ${title}`,
    `Written by \`${command}\`. Conditions:`,
    conditions.map((line) => `- ${line}`).join('\n'),
    ...tables.flatMap(tableLines),
  ].join('\n\n');
  const folder = join(root, 'docs', 'benchmarks');
  const file = join(folder, `${name}.md`);
  const page = await format(text, { ...(await resolveConfig(file)), parser: 'markdown' });
  console.log(page);
  if (!write) return;
  await mkdir(folder, { recursive: true });
  await writeFile(file, page);
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify({ conditions, ...data }, null, 2)}\n`);
}

/** Commit and machine; `sharers` names what runs on its cores at the same time. */
export function machine(sharers: string): string[] {
  return [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit()}`,
    `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`,
    `Node ${process.versions.node}; ${sharers} share these cores`,
    `Load average of the machine before the run: ${loadAtStart.toFixed(2)}`,
  ];
}

/** Three digits that matter. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function tableLines({ heading, text, head, rows }: Table): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  return [...(heading ? [`## ${heading}`] : []), ...(text ? [text] : []), table];
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--', 'libs', 'load', 'apps', 'tools');
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}
