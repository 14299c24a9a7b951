import { join } from 'node:path';
import { OwnedProcess } from '../process/owned-process.ts';
import { nodeFlags, type ServiceName } from './services.ts';

export interface ServiceOptions {
  name: ServiceName;
  /** From 0; several replicas of one service differ by it. */
  replica: number;
  port: number;
  managementPort: number;
  /** Asked at each start. */
  env: () => NodeJS.ProcessEnv;
  logFile: string;
  /** Said to the person at the terminal. */
  say: (line: string) => void;
  /** Where `dist/main.js` lies. */
  appDir: string;
}

const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** After so long without a fall the next delay is the first one again. */
const steadyMs = 60_000;

/** One replica: kept running until `stop`, started again with a growing delay when it dies. */
export class ServiceProcess {
  readonly name: ServiceName;
  readonly label: string;
  readonly url: string;
  readonly managementUrl: string;
  private readonly options: ServiceOptions;
  private process: OwnedProcess | undefined;
  private restartTimer: NodeJS.Timeout | undefined;
  private falls = 0;
  private startedAt = 0;
  private wanted = false;
  /** A service that never came up is a mistake to show, not an accident to mend. */
  private wasReady = false;

  constructor(options: ServiceOptions) {
    this.options = options;
    this.name = options.name;
    this.label = options.replica === 0 ? options.name : `${options.name}-${options.replica + 1}`;
    this.url = `http://127.0.0.1:${options.port}`;
    this.managementUrl = `http://127.0.0.1:${options.managementPort}`;
  }

  get pid(): number | undefined {
    return this.process && !this.process.exit ? this.process.pid : undefined;
  }

  get logFile(): string {
    return this.options.logFile;
  }

  start(): void {
    this.wanted = true;
    this.startedAt = Date.now();
    const { name, port, managementPort, env, logFile, appDir } = this.options;
    const process_ = new OwnedProcess({
      name: this.label,
      command: process.execPath,
      args: [...nodeFlags, join(appDir, 'dist', 'main.js')],
      env: { ...env(), PORT: String(port), MANAGEMENT_PORT: String(managementPort) },
      logFile,
      ipc: true,
      order: name === 'gateway' ? 10 : 20,
      graceMs: name === 'gateway' ? 2_500 : 4_000,
    });
    this.process = process_;
    void process_.exited.then(() => this.process === process_ && this.fell(process_));
  }

  /** Waits for /health/ready. Throws with the end of the log when the process ends before, or after the time. */
  async ready(timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const verdict = await this.verdict();
      if (verdict === 'ready') break;
      this.assertStarting();
      if (Date.now() > deadline) {
        const log = this.process?.logTail(8);
        throw new Error(`${this.label} is not ready after ${timeoutMs / 1000} s: ${verdict}\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    this.wasReady = true;
  }

  private assertStarting(): void {
    const ended = this.process?.exit;
    if (!ended || this.restartTimer) return;
    const how = ended.signal ?? `exit code ${ended.code}`;
    throw new Error(`${this.label} ended (${how})\n${this.process?.logTail()}`);
  }

  /** Ends it by the signal as an accident would; it is started again. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.pid !== undefined) process.kill(this.pid, signal);
  }

  /** Stops it; it stays down until `start`. */
  async stop(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.restartTimer);
    this.restartTimer = undefined;
    await this.process?.stop();
  }

  /** A new process, with other code or environment where given. */
  async restart(changes: Partial<Pick<ServiceOptions, 'env' | 'appDir'>> = {}): Promise<void> {
    await this.stop();
    this.wasReady = false;
    Object.assign(this.options, changes);
    this.start();
  }

  private fell(ended: OwnedProcess): void {
    if (!this.wanted || !this.wasReady) return;
    if (Date.now() - this.startedAt > steadyMs) this.falls = 0;
    const delayMs = Math.min(firstDelayMs * 2 ** this.falls++, longestDelayMs);
    const how = ended.exit?.signal ?? `exit code ${ended.exit?.code}`;
    this.options.say(`${this.label} ended (${how}); it is started again in ${delayMs / 1000} s`);
    this.restartTimer = setTimeout(() => {
      this.restartTimer = undefined;
      this.start();
      void this.ready()
        .then(() => this.options.say(`${this.label} is ready again`))
        .catch(() => undefined); // the next fall is said by itself
    }, delayMs);
  }

  private async verdict(): Promise<string> {
    try {
      const response = await fetch(`${this.managementUrl}/health/ready`, {
        signal: AbortSignal.timeout(3_000),
      });
      return response.ok ? 'ready' : `${response.status} ${(await response.text()).slice(0, 400)}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
