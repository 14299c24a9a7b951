import * as hdr from 'hdr-histogram-js';

export interface Measured {
  perSecond: number;
  count: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** Calls `once` from `callers` callers without a pause for `seconds`, after a warm-up of two. */
export async function measure(
  { callers, seconds }: { callers: number; seconds: number },
  once: (caller: number) => Promise<unknown>,
  onBegin: () => void = () => undefined,
): Promise<Measured> {
  await forSeconds(2, callers, once, () => undefined);
  onBegin();
  const histogram = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const startedAt = performance.now();
  await forSeconds(seconds, callers, once, (ms) => histogram.recordValue(Math.max(1, Math.round(ms * 1000))));
  const elapsed = (performance.now() - startedAt) / 1000;
  return {
    ...percentiles(histogram),
    perSecond: histogram.totalCount / elapsed,
    count: histogram.totalCount,
  };
}

/** Percentiles of given milliseconds. */
export function distribution(times: readonly number[]): Pick<Measured, 'p50' | 'p99'> {
  const histogram = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  for (const ms of times) histogram.recordValue(Math.max(1, Math.round(ms * 1000)));
  return percentiles(histogram);
}

function percentiles(histogram: hdr.Histogram) {
  return { p50: histogram.getValueAtPercentile(50) / 1000, p99: histogram.getValueAtPercentile(99) / 1000 };
}

async function forSeconds(
  seconds: number,
  callers: number,
  once: (caller: number) => Promise<unknown>,
  record: (ms: number) => void,
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  const run = async (caller: number) => {
    for (let now = performance.now(); now < until; now = performance.now()) {
      await once(caller);
      record(performance.now() - now);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => run(caller)));
}
