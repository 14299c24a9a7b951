import { type ChildProcess, fork, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { signal } from './alive.ts';
import type { Watched, WatchdogMessage } from './watchdog.ts';

export interface OwnedOptions {
  name: string;
  command: string;
  args: string[];
  logFile: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** An IPC channel whose closing tells the child that we are gone. */
  ipc?: boolean;
  /** Hands the output to `onOutput` instead of the log file alone. */
  onOutput?: (chunk: Buffer) => void;
  stopSignal?: NodeJS.Signals;
  /** Time between the stop signal and SIGKILL. */
  graceMs?: number;
  /** Place in the order in which the watchdog stops what is left when we die; lower goes first. */
  order?: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child that cannot outlive this process: the watchdog stops it when we die by SIGKILL. */
export class OwnedProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly logFile: string;
  readonly child: ChildProcess;
  exit: Exit | undefined;
  private readonly watched: Watched;
  private readonly logStart: number;

  constructor(options: OwnedOptions) {
    this.name = options.name;
    this.logFile = options.logFile;
    mkdirSync(dirname(options.logFile), { recursive: true });
    this.logStart = existsSync(options.logFile) ? statSync(options.logFile).size : 0;
    this.child = start(options);
    if (this.child.pid === undefined)
      throw new Error(`${options.name}: ${options.command} cannot be started`);
    this.pid = this.child.pid;
    this.watched = {
      pid: this.pid,
      order: options.order ?? 10,
      stopSignal: options.stopSignal ?? 'SIGTERM',
      graceMs: options.graceMs ?? 5_000,
    };
    tellWatchdog({ type: 'watch', process: this.watched });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signalName) => {
        this.exit = { code, signal: signalName };
        tellWatchdog({ type: 'forget', pid: this.pid });
        resolve(this.exit);
      });
    });
  }

  /** Stops with the process' own signal, after the grace period with SIGKILL. */
  async stop(graceMs = this.watched.graceMs): Promise<void> {
    if (this.exit) return;
    signal(this.pid, this.watched.stopSignal);
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** SIGKILL to the process and its children. */
  kill(): void {
    if (!this.exit) signal(this.pid, 'SIGKILL', true);
  }

  /** The last lines that this start has written to its log, for an error message. */
  logTail(lines = 15): string {
    const text = readFileSync(this.logFile).subarray(this.logStart).toString('utf8');
    return text.trim().split('\n').slice(-lines).join('\n');
  }
}

function start(options: OwnedOptions): ChildProcess {
  const log = openSync(options.logFile, 'a');
  const output = options.onOutput ? 'pipe' : log;
  const stdio: StdioOptions = ['ignore', output, output, ...(options.ipc ? (['ipc'] as const) : [])];
  const child = spawn(options.command, options.args, {
    stdio,
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we stop the others in order.
    detached: true,
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
  });
  child.on('error', () => undefined); // seen by the missing pid, or by the exit event
  if (options.onOutput) {
    child.stdout?.on('data', options.onOutput);
    child.stderr?.on('data', options.onOutput);
  }
  closeSync(log);
  return child;
}

let watchdog: ChildProcess | undefined;
/** What the watchdog knows, for the next one should it die itself. */
const watched = new Map<number, Watched>();
const paths = new Set<string>();

function tellWatchdog(message: WatchdogMessage): void {
  if (message.type === 'watch') watched.set(message.process.pid, message.process);
  if (message.type === 'forget') watched.delete(message.pid);
  if (message.type === 'remove-at-end') paths.add(message.path);
  if (watchdog?.connected) watchdog.send(message);
  else if (message.type !== 'forget') startWatchdog();
}

function startWatchdog(): void {
  const started = fork(join(import.meta.dirname, 'watchdog.ts'), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
    execArgv: [],
  });
  watchdog = started;
  started.unref();
  started.channel?.unref();
  started.on('error', () => undefined); // a message to one that has just died; the next one gets it
  started.once('exit', () => {
    if (watchdog === started && watched.size > 0) startWatchdog();
  });
  for (const process of watched.values()) started.send({ type: 'watch', process });
  for (const path of paths) started.send({ type: 'remove-at-end', path });
}

/** Tells an already running watchdog of a short-lived child; answers how to take that back. */
export function watchBriefly(pid: number): () => void {
  if (!watchdog?.connected) return () => undefined;
  tellWatchdog({ type: 'watch', process: { pid, order: 10, stopSignal: 'SIGTERM', graceMs: 1_000 } });
  return () => tellWatchdog({ type: 'forget', pid });
}

/** The directory is removed when this process is gone, however it ends. */
export function removeAtEnd(path: string): void {
  tellWatchdog({ type: 'remove-at-end', path });
}
