import type { Tx } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { raiseVer } from '../users/users.queries.js';
import { SessionEvents } from './session-events.js';
import type { EndReason } from './session.entity.js';
import { endSession, endSessions, raiseMinVer } from './sessions.queries.js';

/** Ends sessions and tells every gateway to refuse their tokens from now on. */
@Injectable()
export class SessionEndings {
  constructor(private readonly events: SessionEvents) {}

  /** False when there is no such session or it is over. */
  async endOne(tx: Tx, userId: string, end: { sessionId: string; reason: EndReason }): Promise<boolean> {
    const ended = await endSession(tx, { userId, ...end });
    if (ended === 0) return false;
    await this.events.revoked(tx, userId, { sid: end.sessionId });
    await this.events.ended(tx, userId, end);
    return true;
  }

  /** Ends all sessions, or all but one. The caller holds the user's row lock. Answers how many. */
  async endAll(
    tx: Tx,
    userId: string,
    { except, reason }: { except?: string; reason: EndReason },
  ): Promise<number> {
    const ended = await endSessions(tx, { userId, except: except ?? null, reason });
    if (ended.length === 0) return 0;
    const minVer = await raiseVer(tx, userId);
    await this.events.revoked(tx, userId, { minVer, ...(except === undefined ? {} : { exceptSid: except }) });
    for (const sessionId of ended) await this.events.ended(tx, userId, { sessionId, reason });
    return ended.length;
  }

  /**
   * Refuses access tokens below `minVer`; sessions go on and refresh to a newer one. The caller has raised the user's
   * `ver` to it under the row lock.
   */
  async refuseOlderTokens(tx: Tx, userId: string, minVer: number): Promise<void> {
    await raiseMinVer(tx, userId, minVer);
    await this.events.revoked(tx, userId, { minVer });
  }
}
