import { closeSync, existsSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dim, red, yellow } from '../bootstrap/progress.mjs';

const levels: Record<number, string> = { 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' };
const largestLog = 20 * 1024 * 1024;

/** A log that has grown large is put aside before a start; one older file is kept. */
export function rotate(file: string): void {
  if (existsSync(file) && statSync(file).size > largestLog) renameSync(file, `${file}.1`);
}

/**
 * Shows the lines that a service appends to its log file. The service writes the file itself: a pipe through this process
 * would slow it down, and would break when this process is killed.
 */
export class LogTail {
  private offset: number;
  private rest = '';
  private readonly timer: NodeJS.Timeout;
  private readonly file: string;
  private readonly show: (line: string) => void;

  constructor(file: string, show: (line: string) => void) {
    this.file = file;
    this.show = show;
    this.offset = existsSync(file) ? statSync(file).size : 0;
    this.timer = setInterval(() => this.read(), 250);
    this.timer.unref();
  }

  /** Shows what has come since. */
  read(): void {
    if (!existsSync(this.file)) return;
    const { size } = statSync(this.file);
    if (size <= this.offset) return;
    const chunk = Buffer.alloc(Math.min(size - this.offset, 1024 * 1024));
    const descriptor = openSync(this.file, 'r');
    this.offset += readSync(descriptor, chunk, 0, chunk.length, this.offset);
    closeSync(descriptor);
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim()) this.show(line);
  }

  close(): void {
    clearInterval(this.timer);
    this.read();
  }
}

interface Entry {
  level?: number;
  msg?: string;
  context?: string;
  traceId?: string;
  err?: { message?: string; stack?: string };
}

/** One line for people; null for what is below a warning, unless all is asked for. */
export function pretty(line: string, { verbose }: { verbose: boolean }): string | null {
  const entry = parse(line);
  if (!entry) return line;
  const { level = 30, msg = '', context, traceId } = entry;
  if (level < 40 && !verbose) return null;
  const from = context ? dim(`${context} `) : '';
  const trace = traceId ? dim(`  trace ${traceId}`) : '';
  return `${levelName(level)} ${from}${msg}${errorText(entry, verbose)}${trace}`;
}

function parse(line: string): Entry | null {
  try {
    return line.startsWith('{') ? (JSON.parse(line) as Entry) : null;
  } catch {
    return null;
  }
}

function levelName(level: number): string {
  const name = (levels[level] ?? String(level)).padEnd(5);
  if (level >= 50) return red(name);
  return level >= 40 ? yellow(name) : dim(name);
}

function errorText({ err }: Entry, verbose: boolean): string {
  if (!err) return '';
  return `: ${(verbose && err.stack) || err.message}`;
}
