import type { Engine } from '../engines/engine.ts';

const longestDelayMs = 30_000;

/** An engine that is started again, on the same ports, when it dies. */
export class SupervisedEngine<E extends Engine> {
  private current: E;
  private wanted = true;
  private falls = 0;
  private readonly startAgain: () => Promise<E>;
  private readonly say: (line: string) => void;

  private constructor(engine: E, startAgain: () => Promise<E>, say: (line: string) => void) {
    this.current = engine;
    this.startAgain = startAgain;
    this.say = say;
    this.watch();
  }

  static async start<E extends Engine>(
    start: () => Promise<E>,
    say: (line: string) => void,
  ): Promise<SupervisedEngine<E>> {
    return new SupervisedEngine(await start(), start, say);
  }

  get engine(): E {
    return this.current;
  }

  async stop(): Promise<void> {
    this.wanted = false;
    await this.current.stop();
  }

  private watch(): void {
    const { process } = this.current;
    void process.exited.then(async (exit) => {
      if (!this.wanted) return;
      this.say(`${process.name} ended (${exit.signal ?? `exit code ${exit.code}`}); it is started again`);
      await this.revive();
    });
  }

  private async revive(): Promise<void> {
    const delayMs = Math.min(250 * 2 ** this.falls++, longestDelayMs);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (!this.wanted) return;
    try {
      this.current = await this.startAgain();
      this.say(`${this.current.process.name} is ready again`);
      if (!this.wanted) await this.current.stop();
      else this.watch();
    } catch (error) {
      this.say(`it could not be started: ${(error as Error).message.split('\n')[0]}`);
      await this.revive();
    }
  }
}
