import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquire, type Lock } from '../bootstrap/lock.mjs';
import { bold, dim, explain, green, Progress, seconds, StepError, yellow } from '../bootstrap/progress.mjs';
import { defaultDataDir } from '../process/paths.ts';
import { onStop } from '../process/stop-signals.ts';
import type { GivenEngines } from './engine-set.ts';
import { givenEngines } from './given-engines.ts';
import { LogTail, pretty, rotate } from './log-tail.ts';
import { Platform, type PlatformOptions } from './platform.ts';
import { portsOf } from './ports-file.ts';
import { table } from './table.ts';

export interface RunOptions {
  dataDir?: string;
  /** Removes what earlier runs have stored. */
  fresh: boolean;
  /** Shows every log line instead of warnings and errors. */
  verbose: boolean;
  /** Called when all are ready. */
  onReady?: (platform: Platform, progress: Progress) => void;
  /** Beyond what the environment says. */
  platform?: Partial<PlatformOptions>;
}

const defaultGatewayPort = 3000;

/** Runs the platform in this terminal until Ctrl-C. Ends the process. */
export async function runPlatform({ dataDir = defaultDataDir, ...options }: RunOptions): Promise<void> {
  const startedAt = Date.now();
  const progress = new Progress();
  const taken = await acquire(dataDir);
  if ('holder' in taken) {
    console.log(`The platform already runs here (process ${taken.holder.pid}); nothing was changed.`);
    process.exit(0);
  }
  const say = (line: string) => progress.line(`${yellow('!')} ${line}`);
  const session = new Session(taken.lock, progress);
  onStop((reason) => void session.stop(reason));
  try {
    const engines = givenEngines();
    if (options.fresh) removeData(dataDir, engines);
    const ports = { gateway: defaultGatewayPort, ...portsOf(process.env) };
    const platform = new Platform({ dataDir, engines, ports, say, progress, ...options.platform });
    session.platform = platform;
    rotateLogs(dataDir);
    await platform.start();
    session.tails = tails(platform, { verbose: options.verbose, progress });
    progress.line(`\n${green('●')} ${bold('nest-arch is ready')} ${dim(`after ${seconds(startedAt)}`)}`);
    console.log(table(platform.runFile()));
    options.onReady?.(platform, progress);
  } catch (error) {
    if (session.stopping) return;
    progress.quiet = true; // steps that still run have nothing more to say
    console.error(explain(error));
    await session.stop();
  }
}

class Session {
  platform: Platform | undefined;
  tails: LogTail[] = [];
  stopping = false;
  private readonly lock: Lock;
  private readonly progress: Progress;

  constructor(lock: Lock, progress: Progress) {
    this.lock = lock;
    this.progress = progress;
  }

  /** Without a reason it is the end of a failed start. */
  async stop(reason?: string): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    const startedAt = Date.now();
    if (reason) this.progress.line(dim(`Stopping (${reason}) …`));
    await this.platform?.stop().catch((error: unknown) => console.error(explain(error)));
    for (const tail of this.tails) tail.close();
    this.lock.release();
    if (reason) this.progress.line(`${green('✓')} Everything has stopped  ${dim(seconds(startedAt))}`);
    process.exit(reason ? 0 : 1);
  }
}

function tails(
  platform: Platform,
  { verbose, progress }: { verbose: boolean; progress: Progress },
): LogTail[] {
  return platform.services.map(
    ({ label, logFile }) =>
      new LogTail(logFile, (line) => {
        const text = pretty(line, { verbose });
        if (text !== null) progress.line(`${dim(label.padEnd(12))} ${text}`);
      }),
  );
}

function rotateLogs(dataDir: string): void {
  const logs = join(dataDir, 'logs');
  for (const file of existsSync(logs) ? readdirSync(logs) : [])
    if (file.endsWith('.log')) rotate(join(logs, file));
}

function removeData(dataDir: string, engines: GivenEngines): void {
  if (engines.databases || engines.brokers) {
    // Databases encrypted with secrets that are gone would be of no use, nor would topics of another life.
    throw new StepError(
      'Begin anew: DATABASE_URL_* or KAFKA_BROKERS is set, and --fresh does not touch engines of your own',
      'empty them yourself and remove .data/, or start without these variables',
    );
  }
  for (const name of readdirSync(dataDir)) {
    if (name !== 'lock.json') rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}
