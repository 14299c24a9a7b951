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
): Promise<Found<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const attempt = await tryOnce(condition);
    if ('answer' in attempt) return attempt.answer;
    if (Date.now() >= deadline) {
      const { reason } = attempt;
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}: ${String(reason)}`, { cause: reason });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

type Found<T> = Exclude<NonNullable<T>, false>;
type Attempt<T> = { answer: Found<T> } | { reason: unknown };

async function tryOnce<T>(condition: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    const answer = await condition();
    const isEmpty = answer === undefined || answer === null || answer === (false as T);
    return isEmpty ? { reason: `the last answer was ${String(answer)}` } : { answer: answer as Found<T> };
  } catch (reason) {
    return { reason };
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
