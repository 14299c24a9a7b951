import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

const heartbeatMs = 15_000;
const slowestReaderMs = 30_000;
const reconnectMs = 2_000;
const longestTimerMs = 2_147_483_647;

/** One open response in the event-stream format (WHATWG HTML, section 9.2). */
export class SseConnection {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly closing: (() => void)[] = [];
  private released = false;

  /** Sends the head at once. `endsAt`: when the caller's token does, in milliseconds since 1970. */
  constructor(
    private readonly response: ServerResponse,
    endsAt: number,
  ) {
    response.on('error', () => response.destroy());
    // The client may have gone while we looked up where it stands; then no 'close' comes any more.
    if (response.destroyed) this.release();
    else this.begin(endsAt);
  }

  get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }

  /** Calls at once when it is closed already. */
  onClose(fn: () => void): void {
    if (this.released) fn();
    else this.closing.push(fn);
  }

  /**
   * Resolves when there is room for the next record, so that a slow reader makes us wait instead of fill memory; one that
   * takes nothing for half a minute is cut off, and continues with its Last-Event-ID.
   */
  async send(id: number, data: unknown): Promise<void> {
    if (!this.isOpen || this.response.write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`)) return;
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, AbortSignal.timeout(slowestReaderMs)]);
    const waits = [once(this.response, 'drain', { signal }), once(this.response, 'close', { signal })];
    waits.forEach((wait) => wait.catch(() => undefined));
    await Promise.race(waits).catch(() => this.response.destroy());
    done.abort();
  }

  end(): void {
    if (this.isOpen) this.response.end();
  }

  private begin(endsAt: number): void {
    this.response.once('close', () => this.release());
    this.timers.push(setInterval(() => this.beat(), heartbeatMs));
    this.timers.push(
      setTimeout(() => this.end(), Math.min(Math.max(0, endsAt - Date.now()), longestTimerMs)),
    );
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would otherwise hold records back until its buffer is full.
      'x-accel-buffering': 'no',
    });
    this.response.write(`retry: ${reconnectMs}\n\n`);
  }

  private beat(): void {
    if (this.isOpen && !this.response.writableNeedDrain) this.response.write(':\n\n');
  }

  private release(): void {
    this.released = true;
    this.timers.forEach((timer) => clearTimeout(timer));
    this.closing.forEach((fn) => fn());
  }
}
