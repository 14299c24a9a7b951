import type { Cpu, Span } from './stopwatch.ts';

export interface Measurement {
  id: string;
  what: string;
  unit: string;
  /** One of each repeat. */
  values: number[];
  goal?: { atLeast: number } | { below: number };
  /** Microseconds of CPU an event, by process: medians over the repeats. */
  cpu?: Cpu;
  /** The raw limit of the parts beneath, by its id: the page shows how close we come. */
  limit?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/** Events a second, from the spans of the repeats. */
export function rate(
  about: Pick<Measurement, 'id' | 'what' | 'goal' | 'limit'>,
  spans: readonly Span[],
): Measurement {
  return { ...about, unit: '/s', values: spans.map((span) => span.perSecond), cpu: cpuPerEvent(spans) };
}

export function cpuPerEvent(spans: readonly Span[]): Cpu {
  const of = (name: keyof Cpu) => median(spans.map(({ cpu, events }) => (cpu[name] / events) * 1e6));
  return { ours: of('ours'), postgres: of('postgres'), kafka: of('kafka') };
}

/** One after another, numbered from 1. */
export async function repeat<T>(times: number, once: (round: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let round = 1; round <= times; round += 1) results.push(await once(round));
  return results;
}
