import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Command, ReplicaOptions, Report, Work } from './protocol.js';

const entry = join(import.meta.dirname, 'process.ts');

/** A replica of the proofs' service in a process of its own. Ends with this process, however that ends. */
export class Replica {
  readonly exited: Promise<NodeJS.Signals | number | null>;
  private output = '';

  private constructor(private readonly child: ChildProcess) {
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output = (this.output + chunk).slice(-4_000)));
  }

  /**
   * Resolves when it reads its partitions and relays. `onLead` is called for every generation of the group that this
   * replica leads, and one member leads each.
   */
  static async start(options: ReplicaOptions, { onLead = () => {} } = {}): Promise<Replica> {
    const child = fork(entry, [JSON.stringify(options)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.on('message', ({ is }: Report) => is === 'leading' && onLead());
    const replica = new Replica(child);
    await replica.reported('ready');
    return replica;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** From now on: dies by SIGKILL when it passes the point for the given time. */
  arm(point: Extract<Command, { do: 'arm' }>['point'], times: number): void {
    this.tell({ do: 'arm', point, times });
  }

  /** Resolves when all is committed; rejects when it dies before. */
  async write(work: Work): Promise<void> {
    this.tell({ do: 'write', work });
    await this.reported('written');
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** As a deployment stops it: finishes what is at work, leaves the group, gives its buckets back. */
  async stop(): Promise<void> {
    this.tell({ do: 'stop' });
    await this.exited;
  }

  private tell(command: Command): void {
    this.child.send(command, () => undefined);
  }

  private async reported(what: Report['is']): Promise<void> {
    let listener: (report: Report) => void = () => undefined;
    const heard = new Promise<true>((resolve) => {
      listener = ({ is }) => is === what && resolve(true);
      this.child.on('message', listener);
    });
    const outcome = await Promise.race([heard, this.exited]);
    this.child.off('message', listener);
    if (outcome !== true) throw new Error(`replica ended with ${outcome} before "${what}":\n${this.output}`);
  }
}
