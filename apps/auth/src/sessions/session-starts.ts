import type { SessionTokens } from '@nest-arch/contracts';
import { type Tx, uuidv7 } from '@nest-arch/database';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { AccessTokens, type TokenSubject } from '../keys/access-tokens.js';
import { issueToken } from '../tokens/opaque-token.js';
import type { User } from '../users/user.entity.js';
import { SessionEvents } from './session-events.js';
import { insertSession } from './sign-in.queries.js';

export interface StartedSession {
  subject: TokenSubject;
  refreshToken: string;
}

/** Begins sessions, whatever the person proved to be who they are. */
@Injectable()
export class SessionStarts {
  constructor(
    private readonly events: SessionEvents,
    private readonly tokens: AccessTokens,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** The caller has locked the user's row `for share`. Null when the password has changed since it was checked. */
  async start(
    tx: Tx,
    { userId, ver, roles, region }: User,
    { userAgent, generation }: { userAgent: string | null; generation: number },
  ): Promise<StartedSession | null> {
    const sessionId = uuidv7();
    const refreshToken = issueToken('rt', userId);
    const inserted = await insertSession(tx, {
      ...{ userId, sessionId, userAgent, generation, refreshTokenHash: refreshToken.hash },
      clientId: this.config.FIRST_PARTY_CLIENT_ID,
      idleSeconds: this.config.SESSION_IDLE_SECONDS,
      absoluteSeconds: this.config.SESSION_ABSOLUTE_SECONDS,
    });
    if (inserted === 0) return null;
    await this.events.started(tx, { userId, sessionId, method: 'password' });
    return { subject: { userId, sessionId, ver, roles, region }, refreshToken: refreshToken.text };
  }

  /** What the client gets. To be called after the commit. */
  answer({ subject, refreshToken }: StartedSession): Promise<SessionTokens> {
    return this.tokens.answer(subject, refreshToken);
  }
}
