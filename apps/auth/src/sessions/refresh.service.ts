import type { RefreshBody, SessionTokens } from '@nest-arch/contracts';
import { Db, type Queryable, type Tx } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { AccessTokens } from '../keys/access-tokens.js';
import { type OpaqueToken, issueToken, parseToken } from '../tokens/opaque-token.js';
import { type Rights, type TokenSession, findTokenSession, findUse, rotate } from './refresh.queries.js';
import { SessionEndings } from './session-endings.js';
import { SessionEvents } from './session-events.js';
import { sessionErrors } from './sessions.errors.js';
import { openSuccessor, sealSuccessor } from './successor.js';

interface Refreshed {
  rights: Rights;
  refreshToken: string;
}

/**
 * Refresh with rotation (RFC 9700 section 4.14.2). A token works once; who repeats it within ten seconds, before the
 * successor was used, gets the same successor, because answers get lost and tabs race. Any other repetition means that two
 * parties hold the token: the session ends.
 */
@Injectable()
export class RefreshService {
  constructor(
    private readonly db: Db,
    private readonly endings: SessionEndings,
    private readonly tokens: AccessTokens,
    private readonly events: SessionEvents,
  ) {}

  async refresh(body: RefreshBody): Promise<SessionTokens> {
    const token = parseToken('rt', body.refreshToken);
    const session = token && (await findTokenSession(this.db, token));
    if (!session) throw sessionErrors.refreshTokenInvalid();
    const refreshed = (await this.exchange(token, session)) ?? (await this.repeat(token, session));
    if (!refreshed) throw sessionErrors.refreshTokenInvalid();
    const { sessionId } = session;
    return this.tokens.answer(
      { userId: token.userId, sessionId, ...refreshed.rights },
      refreshed.refreshToken,
    );
  }

  /** The rotation is one statement; it needs a transaction around it only where an event goes with it. */
  private exchange(token: OpaqueToken, session: TokenSession): Promise<Refreshed | null> {
    if (!session.isAnnouncementDue) return this.rotate(this.db, token, session);
    return this.db.transaction(async (tx) => {
      const refreshed = await this.rotate(tx, token, session);
      if (refreshed) await this.events.refreshed(tx, token.userId, session.sessionId);
      return refreshed;
    });
  }

  private async rotate(
    on: Queryable,
    token: OpaqueToken,
    { sessionId, isAnnouncementDue }: TokenSession,
  ): Promise<Refreshed | null> {
    const successor = issueToken('rt', token.userId);
    const rights = await rotate(on, {
      ...{ token, sessionId, successorHash: successor.hash },
      successorCiphertext: sealSuccessor(token.secret, successor.text, sessionId),
      announce: isAnnouncementDue,
    });
    return rights && { rights, refreshToken: successor.text };
  }

  /**
   * The same successor once more where that is forgiven; else a used token ends its session. The caller is refused after
   * the commit: the end of the session must stay.
   */
  private repeat(token: OpaqueToken, { sessionId }: TokenSession): Promise<Refreshed | null> {
    return this.db.transaction(async (tx) => {
      const use = await findUse(tx, token);
      if (!use?.isUsed) return null;
      const { forgiven, ver, roles, region } = use;
      if (forgiven)
        return {
          rights: { ver, roles, region },
          refreshToken: openSuccessor(token.secret, forgiven, sessionId),
        };
      await this.endFamily(tx, token.userId, sessionId);
      return null;
    });
  }

  private async endFamily(tx: Tx, userId: string, sessionId: string): Promise<void> {
    const ended = await this.endings.endOne(tx, userId, { sessionId, reason: 'token_reuse' });
    const details = { sessionId };
    if (ended) await recordAudit(tx, { userId, action: 'session.token_reused', actor: 'anonymous', details });
  }
}
