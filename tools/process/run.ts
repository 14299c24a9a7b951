import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { basename } from 'node:path';
import { watchBriefly } from './owned-process.ts';

/** A command that ended with an error; `output` is all that it wrote. */
export class RunError extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

// A compiler or a migration must not go on when we give up.
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill()));

/** Runs a command to its end and returns what it wrote. Throws RunError, whose message ends with the last lines. */
export function run(command: string, args: string[], options: SpawnOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const forget = child.pid === undefined ? () => undefined : watchBriefly(child.pid);
    running.add(child);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.once('error', (error) =>
      reject(new RunError(`${command} cannot be started: ${error.message}`, output)),
    );
    child.once('close', (code, signal) => {
      running.delete(child);
      forget();
      if (code === 0) return resolve(output);
      const tail = output.trim().split('\n').slice(-20).join('\n');
      const name = basename(command) === basename(process.execPath) ? basename(args[0] ?? '') : command;
      reject(new RunError(`${name} ended with ${signal ?? `exit code ${code}`}\n${tail}`, output));
    });
  });
}
