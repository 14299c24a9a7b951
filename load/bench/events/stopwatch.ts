import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { dirname } from 'node:path';
import { cpuSecondsOfTree } from '../processes.ts';

/** CPU seconds by process. Ours includes whatever made the load. */
export interface Cpu {
  ours: number;
  postgres: number;
  kafka: number;
}

/** What one repeat of a measurement found. */
export interface Span {
  seconds: number;
  events: number;
  perSecond: number;
  cpu: Cpu;
}

export type EnginePids = Omit<Cpu, 'ours'>;

/** Time and CPU of this process and the engines from one moment to another. */
export class Stopwatch {
  private readonly pids: EnginePids;
  private readonly startedAt = performance.now();
  private readonly before: Cpu;
  private readonly profile: { session: Session; file: string } | undefined;

  private constructor(pids: EnginePids, profile: { session: Session; file: string } | undefined) {
    this.pids = pids;
    this.profile = profile;
    this.before = cpuNow(pids);
  }

  static async start(pids: EnginePids, profileFile?: string): Promise<Stopwatch> {
    if (!profileFile) return new Stopwatch(pids, undefined);
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    return new Stopwatch(pids, { session, file: profileFile });
  }

  /** The span until now, in which so many events were dealt with. */
  async stop(events: number): Promise<Span> {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const after = cpuNow(this.pids);
    const cpu = {
      ours: after.ours - this.before.ours,
      postgres: after.postgres - this.before.postgres,
      kafka: after.kafka - this.before.kafka,
    };
    await this.writeProfile();
    return { seconds, events, perSecond: events / seconds, cpu };
  }

  private async writeProfile(): Promise<void> {
    if (!this.profile) return;
    const { session, file } = this.profile;
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(profile));
  }
}

function cpuNow({ postgres, kafka }: EnginePids): Cpu {
  const { user, system } = process.cpuUsage();
  return {
    ours: (user + system) / 1e6,
    postgres: cpuSecondsOfTree(postgres),
    kafka: cpuSecondsOfTree(kafka),
  };
}
