export interface WaitOptions {
  timeoutMs?: number;
  intervalMs?: number;
  /** Ends the sentence "waited in vain for …". */
  what?: string;
}

/** Calls until the answer is neither empty nor an exception, and returns it. Fails with the last reason after 10 s. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20, what = 'a condition' }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let reason: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== null && answer !== (false as T)) return answer;
      reason = `the last answer was ${String(answer)}`;
    } catch (error) {
      reason = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}: ${String(reason)}`, { cause: reason });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

/** Lets `count` callers go at the same moment and returns what became of each. */
export async function race<T>(
  count: number,
  call: (index: number) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  let go = () => {};
  const start = new Promise<void>((resolve) => (go = resolve));
  const callers = Array.from({ length: count }, async (_, index) => {
    await start;
    return call(index);
  });
  go();
  return Promise.allSettled(callers);
}
