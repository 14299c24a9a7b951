import type { Readable } from 'node:stream';

export interface HandOverLimits {
  /** Until the whole mail is written, the wait for a free connection included. */
  writeMs: number;
  /** From then on, until the server has answered. */
  acknowledgeMs: number;
}

/** How far one mail has come on its connection, and the deadline of each part: a trickle of answers resets no timer. */
export class HandOver {
  /** The server may have the mail, whatever becomes of the connection. */
  written = false;
  private readonly aborter = new AbortController();
  private timer: NodeJS.Timeout;

  constructor(private readonly limits: HandOverLimits) {
    this.timer = this.deadline(limits.writeMs);
  }

  /** Aborted at the deadline. */
  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  /** Notes when the last byte of the body is taken for the connection; the final dot follows at once. */
  watch<Body extends Readable>(body: Body): Body {
    body.once('end', () => {
      if (this.aborter.signal.aborted) return;
      this.written = true;
      clearTimeout(this.timer);
      this.timer = this.deadline(this.limits.acknowledgeMs);
    });
    return body;
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private deadline(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.aborter.abort(), ms);
  }
}
