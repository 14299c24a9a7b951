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

  /** Sends the head at once. `endsAt`: when the caller's token does, in milliseconds since 1970. */
  constructor(
    private readonly response: ServerResponse,
    endsAt: number,
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would otherwise hold records back until its buffer is full.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${reconnectMs}\n\n`);
    this.timers.push(setInterval(() => this.beat(), heartbeatMs));
    this.timers.push(
      setTimeout(() => this.end(), Math.min(Math.max(0, endsAt - Date.now()), longestTimerMs)),
    );
    response.once('close', () => this.release());
    response.on('error', () => response.destroy());
  }

  get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }

  onClose(fn: () => void): void {
    this.closing.push(fn);
  }

  /**
   * Resolves when there is room for the next record, so that a slow reader makes us wait instead of fill memory; one that
   * takes nothing for half a minute is cut off, and continues with its Last-Event-ID.
   */
  async send(id: number, data: unknown): Promise<void> {
    if (!this.isOpen || this.response.write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`)) return;
    const signal = AbortSignal.timeout(slowestReaderMs);
    await Promise.race([
      once(this.response, 'drain', { signal }),
      once(this.response, 'close', { signal }),
    ]).catch(() => this.response.destroy());
  }

  end(): void {
    if (this.isOpen) this.response.end();
  }

  private beat(): void {
    if (this.isOpen && !this.response.writableNeedDrain) this.response.write(':\n\n');
  }

  private release(): void {
    this.timers.forEach((timer) => clearTimeout(timer));
    this.closing.forEach((fn) => fn());
  }
}
