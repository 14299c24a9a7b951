import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Caller } from '@nest-arch/platform';
import { gauge } from '../sessions/metrics.js';
import { RevocationFeed } from '../sessions/revocation-feed.js';
import { SessionCheck } from '../sessions/session-check.js';
import type { Revocation } from '../sessions/revocations.js';

/** Something that goes on until it is stopped. */
export interface Stoppable {
  stop(): void;
}

interface OpenStream {
  readonly caller: Caller;
  readonly expiry: NodeJS.Timeout;
}

const recheckMs = 5_000;

/** The event streams that are open, each until its token ends, its session is revoked, or this process drains. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly entries = new Map<Stoppable, OpenStream>();
  private readonly rechecker: NodeJS.Timeout;
  private draining = false;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly check: SessionCheck,
  ) {
    feed.onRevoked((revocation) => this.endRevoked(revocation));
    this.rechecker = setInterval(() => this.recheck(), recheckMs).unref();
    gauge('gateway_streams', 'Event streams that are open', () => this.entries.size);
  }

  open(stream: Stoppable, caller: Caller): void {
    const leftMs = Math.max(0, caller.expiresAt * 1000 - Date.now());
    const expiry = setTimeout(() => stream.stop(), leftMs);
    this.entries.set(stream, { caller, expiry });
    // Revoked between the check and now, or we are about to go.
    if (this.draining || this.feed.refuses(caller)) setImmediate(() => stream.stop());
  }

  forget(stream: Stoppable): void {
    clearTimeout(this.entries.get(stream)?.expiry);
    this.entries.delete(stream);
  }

  beforeApplicationShutdown(): void {
    this.draining = true;
    clearInterval(this.rechecker);
    for (const stream of [...this.entries.keys()]) stream.stop();
  }

  private endRevoked({ sid, userId }: Revocation): void {
    for (const [stream, { caller }] of [...this.entries]) {
      const isMeant = caller.sessionId === sid || caller.userId === userId;
      if (isMeant && this.feed.refuses(caller)) stream.stop();
    }
  }

  // While the topic is silent, streams are held to the same rule as requests. Without an answer they go on: they carry
  // what the person was allowed to see when they were opened, and nothing can be done through them.
  private recheck(): void {
    if (this.feed.isCurrent) return;
    for (const [stream, { caller }] of [...this.entries]) {
      this.check.isActive(caller).then(
        (active) => active || stream.stop(),
        () => undefined,
      );
    }
  }
}
