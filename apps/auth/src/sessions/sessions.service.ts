import type { SessionList } from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import type { Caller } from '@nest-arch/platform';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { lockUser } from '../users/users.queries.js';
import { SessionEndings } from './session-endings.js';
import { sessionErrors } from './sessions.errors.js';
import { findLiveSessions } from './sessions.queries.js';

/** A person's own sessions. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly db: Db,
    private readonly endings: SessionEndings,
  ) {}

  async list({ userId, sessionId }: Caller): Promise<SessionList> {
    const sessions = await findLiveSessions(this.db, userId);
    const items = sessions.map((session) => ({
      id: session.sessionId,
      current: session.sessionId === sessionId,
      userAgent: session.userAgent,
      createdAt: session.createdAt.toISOString(),
      lastUsedAt: session.lastUsedAt.toISOString(),
    }));
    return { items };
  }

  /** Ends the caller's session; once more changes nothing. */
  logout({ userId, sessionId }: Caller): Promise<void> {
    return this.db.transaction(async (tx) => {
      const ended = await this.endings.endOne(tx, userId, { sessionId, reason: 'logout' });
      const details = { sessionId, reason: 'logout' };
      if (ended) await recordAudit(tx, { userId, action: 'session.ended', actor: 'user', details });
    });
  }

  /** @throws session.not_found also for sessions that are over */
  revoke({ userId }: Caller, sessionId: string): Promise<void> {
    return this.db.transaction(async (tx) => {
      if (!(await this.endings.endOne(tx, userId, { sessionId, reason: 'revoked' })))
        throw sessionErrors.notFound();
      const details = { sessionId, reason: 'revoked' };
      await recordAudit(tx, { userId, action: 'session.ended', actor: 'user', details });
    });
  }

  /** Ends every session but the caller's. */
  revokeOthers({ userId, sessionId }: Caller): Promise<void> {
    return this.db.transaction(async (tx) => {
      await lockUser(tx, userId);
      const count = await this.endings.endAll(tx, userId, { except: sessionId, reason: 'revoked' });
      const details = { count, kept: sessionId };
      await recordAudit(tx, { userId, action: 'sessions.ended', actor: 'user', details });
    });
  }
}
