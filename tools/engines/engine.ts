import type { OwnedProcess } from '../process/owned-process.ts';

export interface Engine {
  port: number;
  process: OwnedProcess;
  stop(): Promise<void>;
}

/** Waits until `check` stops throwing; fails at once, with the end of the log, when the process ends before. */
export async function untilReady(
  engine: OwnedProcess,
  check: () => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const reason = await check().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    if (!reason) return;
    if (engine.exit)
      throw new Error(`${engine.name} ended at its start (${describe(engine)})\n${engine.logTail()}`);
    if (Date.now() > deadline) {
      await engine.stop();
      throw new Error(
        `${engine.name} did not answer within ${timeoutMs / 1000} s: ${reason.message}\n${engine.logTail()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function describe({ exit }: OwnedProcess): string {
  return exit?.signal ? `signal ${exit.signal}` : `exit code ${exit?.code}`;
}
