import type { RefreshBody, SessionTokens } from '@nest-arch/contracts';
import { Db, type Tx } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { AccessTokens, type TokenSubject } from '../keys/access-tokens.js';
import { type OpaqueToken, issueToken, parseToken } from '../tokens/opaque-token.js';
import { type RefreshSubject, findUse, rotate, shareRefreshSubject } from './refresh.queries.js';
import { SessionEndings } from './session-endings.js';
import { SessionEvents } from './session-events.js';
import { sessionErrors } from './sessions.errors.js';
import { openSuccessor, sealSuccessor } from './successor.js';

interface Refreshed {
  subject: TokenSubject;
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
    // The refusal comes after the commit: the end of a reused family must stay.
    const refreshed = token && (await this.db.transaction((tx) => this.exchange(tx, token)));
    if (!refreshed) throw sessionErrors.refreshTokenInvalid();
    return this.tokens.answer(refreshed.subject, refreshed.refreshToken);
  }

  private async exchange(tx: Tx, token: OpaqueToken): Promise<Refreshed | null> {
    const subject = await shareRefreshSubject(tx, token);
    if (!subject || subject.status !== 'active') return null;
    const refreshToken = (await this.rotate(tx, token, subject)) ?? (await this.repeat(tx, token, subject));
    if (!refreshToken) return null;
    const { sessionId, ver, roles, region } = subject;
    return { subject: { userId: token.userId, sessionId, ver, roles, region }, refreshToken };
  }

  private async rotate(tx: Tx, token: OpaqueToken, subject: RefreshSubject): Promise<string | null> {
    const { userId } = token;
    const { sessionId, isAnnouncementDue } = subject;
    const successor = issueToken('rt', userId);
    const rotated = await rotate(tx, {
      ...{ token, sessionId, successorHash: successor.hash },
      successorCiphertext: sealSuccessor(token.secret, successor.text, sessionId),
      announce: isAnnouncementDue,
    });
    if (!rotated) return null;
    if (isAnnouncementDue) await this.events.refreshed(tx, userId, sessionId);
    return successor.text;
  }

  /** The same successor once more where that is forgiven; else a used token ends its session. */
  private async repeat(tx: Tx, token: OpaqueToken, { sessionId }: RefreshSubject): Promise<string | null> {
    const use = await findUse(tx, token);
    if (use?.forgiven) return openSuccessor(token.secret, use.forgiven, sessionId);
    if (!use?.isUsed) return null;
    const { userId } = token;
    const ended = await this.endings.endOne(tx, userId, { sessionId, reason: 'token_reuse' });
    const details = { sessionId };
    if (ended) await recordAudit(tx, { userId, action: 'session.token_reused', actor: 'anonymous', details });
    return null;
  }
}
