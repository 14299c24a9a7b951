// Runs as a process of its own. Its parent tells it what it has started; when the parent is gone, however it
// died, the channel closes and the watchdog stops what is left, in order. Nothing else here outlives a SIGKILL.
import { rmSync } from 'node:fs';
import { signal, waitForExit } from './alive.ts';

/** Lower orders are stopped first. */
export interface Watched {
  pid: number;
  order: number;
  stopSignal: NodeJS.Signals;
  graceMs: number;
}

export type WatchdogMessage =
  | { type: 'watch'; process: Watched }
  | { type: 'forget'; pid: number }
  | { type: 'remove-at-end'; path: string };

const watched = new Map<number, Watched>();
const paths = new Set<string>();

process.on('message', (message: WatchdogMessage) => {
  if (message.type === 'watch') watched.set(message.process.pid, message.process);
  if (message.type === 'forget') watched.delete(message.pid);
  if (message.type === 'remove-at-end') paths.add(message.path);
});

// A signal to the whole terminal must not end the one who cleans up.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);

process.on('disconnect', () => void cleanUp());

async function cleanUp(): Promise<void> {
  const orders = [...new Set([...watched.values()].map(({ order }) => order))].sort((a, b) => a - b);
  for (const order of orders) {
    await Promise.all([...watched.values()].filter((one) => one.order === order).map(stop));
  }
  for (const path of paths) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

async function stop({ pid, stopSignal, graceMs }: Watched): Promise<void> {
  signal(pid, stopSignal);
  if (!(await waitForExit(pid, graceMs))) signal(pid, 'SIGKILL', true);
}
