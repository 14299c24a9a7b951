export interface RetryPolicy {
  /** Tries of an error that is neither transient nor permanent, before the dead letter. */
  unknownAttempts: number;
  /** Tries in place, with a growing pause, before the partition is paused. */
  inPlaceAttempts: number;
  /** First pause in place; doubles. */
  backoffMs: number;
  /** Pause of the partition between later tries. */
  pauseMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  unknownAttempts: 5,
  inPlaceAttempts: 5,
  backoffMs: 100,
  pauseMs: 5_000,
};

/** What a worker lets the processing of its records do. */
export interface WorkerControl {
  /** True when the partition went to somebody else or the process stops: give up between two tries. */
  stopped(): boolean;
  sleep(ms: number): Promise<void>;
  /** Tells that the partition waits, so that nothing more is fetched for it. */
  setWaiting(waiting: boolean): void;
}

/**
 * Tries until `attempt` answers true, with growing pauses, later with the partition paused. False when the worker was
 * stopped before.
 */
export async function tryUntilDone(
  attempt: (number: number) => Promise<boolean>,
  control: WorkerControl,
  policy: RetryPolicy,
): Promise<boolean> {
  try {
    for (let number = 1; !control.stopped(); number += 1) {
      if (await attempt(number)) return true;
      if (control.stopped()) return false;
      control.setWaiting(number >= policy.inPlaceAttempts);
      await control.sleep(pauseAfter(number, policy));
    }
    return false;
  } finally {
    control.setWaiting(false);
  }
}

function pauseAfter(attempt: number, { inPlaceAttempts, backoffMs, pauseMs }: RetryPolicy): number {
  const base = attempt >= inPlaceAttempts ? pauseMs : Math.min(backoffMs * 2 ** (attempt - 1), pauseMs);
  return base * (0.75 + Math.random() / 2);
}
