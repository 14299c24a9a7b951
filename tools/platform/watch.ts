import { join } from 'node:path';
import { dim, green, type Progress, red, seconds } from '../bootstrap/progress.mjs';
import { OwnedProcess } from '../process/owned-process.ts';
import { root } from '../process/paths.ts';
import { tsc } from './build.ts';
import { affected, type Builds, readBuilds } from './changes.ts';
import { migrate } from './migrate.ts';
import type { Platform } from './platform.ts';
import type { ServiceName } from './services.ts';

/** Compiles at every change of a source, and restarts the services that it concerns. */
export class Watch {
  private readonly platform: Platform;
  private readonly progress: Progress;
  private builds: Builds = readBuilds();
  private rest = '';
  private work: Promise<void> = Promise.resolve();

  constructor(platform: Platform, progress: Progress) {
    this.platform = platform;
    this.progress = progress;
  }

  start(): void {
    new OwnedProcess({
      name: 'compiler',
      command: process.execPath,
      args: [tsc, '-b', '--watch', '--preserveWatchOutput', '--pretty', 'false'],
      cwd: root,
      logFile: join(this.platform.dataDir, 'logs', 'compiler.log'),
      onOutput: (chunk) => this.read(chunk.toString('utf8')),
      order: 5,
      graceMs: 1_000,
    });
    this.progress.line(dim('  Watching the sources; what changes is compiled and restarted.'));
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.readLine(line.trimEnd());
  }

  private readLine(line: string): void {
    const found = /Found (\d+) errors?\. Watching/.exec(line)?.[1];
    if (found === '0') this.work = this.work.then(() => this.apply());
    else if (found) this.progress.line(red(`✗ ${found} compile errors; what runs stays as it is`));
    else if (/error TS\d+/.test(line)) this.progress.line(line);
  }

  private async apply(): Promise<void> {
    const before = this.builds;
    this.builds = readBuilds();
    const names = affected(before, this.builds);
    if (names.length === 0) return;
    const startedAt = Date.now();
    try {
      await migrate(this.platform.engines.databases);
      await Promise.all(names.map((name) => this.restart(name)));
      this.progress.line(`${green('✓')} ${names.join(', ')} restarted  ${dim(seconds(startedAt))}`);
    } catch (error) {
      this.progress.line(red(`✗ ${(error as Error).message}`));
    }
  }

  private async restart(name: ServiceName): Promise<void> {
    for (const service of this.platform.services.filter((one) => one.name === name)) {
      await service.restart();
      await service.ready();
    }
  }
}
