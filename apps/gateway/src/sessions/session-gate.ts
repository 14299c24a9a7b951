import { Injectable } from '@nestjs/common';
import { RevocationFeed } from './revocation-feed.js';
import type { SessionRef } from './revocations.js';
import { SessionCheck } from './session-check.js';

/** Whether sessions are still good: from memory while it may be believed, else from auth. */
@Injectable()
export class SessionGate {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly check: SessionCheck,
  ) {}

  /** @throws gateway.session_check_unavailable when neither knows */
  isActive(session: SessionRef): boolean | Promise<boolean> {
    if (this.feed.refuses(session)) return false;
    return this.feed.isCurrent || this.check.isActive(session);
  }
}
