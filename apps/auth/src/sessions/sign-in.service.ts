import type { LoginBody, SessionTokens } from '@nest-arch/contracts';
import { Db, type Tx } from '@nest-arch/database';
import type { AppError } from '@nest-arch/platform';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { keepPace } from '../users/stand-in.js';
import { shareUser } from '../users/users.queries.js';
import { CredentialCheck, type CheckedCredentials } from './credential-check.js';
import { SessionEvents, type SignInFailure } from './session-events.js';
import { SessionStarts, type StartedSession } from './session-starts.js';
import { sessionErrors } from './sessions.errors.js';
import { forgetTries } from './sign-in-throttle.queries.js';

const refusals = {
  wrong_password: sessionErrors.invalidCredentials,
  email_unverified: sessionErrors.emailUnverified,
  disabled: sessionErrors.disabled,
} satisfies Record<SignInFailure, () => AppError>;

/** Sign-in with a password. What is wrong with an account is told only to who knows its password. */
@Injectable()
export class SignInService {
  constructor(
    private readonly db: Db,
    private readonly credentials: CredentialCheck,
    private readonly starts: SessionStarts,
    private readonly events: SessionEvents,
  ) {}

  async signIn(body: LoginBody, userAgent: string | null): Promise<SessionTokens> {
    const checked = await this.credentials.check(body);
    const { failure } = checked;
    if (failure) {
      await this.db.transaction((tx) => this.noteFailure(tx, checked, failure));
      throw refusals[failure]();
    }
    const started = await this.db.transaction((tx) => this.start(tx, checked, userAgent));
    if (!started) throw sessionErrors.invalidCredentials();
    await this.credentials.strengthen(checked, body.password);
    return this.starts.answer(started);
  }

  private async noteFailure(tx: Tx, checked: CheckedCredentials, failure: SignInFailure): Promise<void> {
    const { userId, account, identifierHash } = checked;
    if (failure !== 'wrong_password') await forgetTries(tx, identifierHash);
    const details = { reason: account ? failure : 'unknown_address' };
    await recordAudit(tx, { userId, action: 'sign_in.failed', actor: 'anonymous', details });
    if (account) await this.events.signInFailed(tx, userId, failure);
    else await keepPace(tx);
  }

  /** Null when the account has changed since its password was checked. */
  private async start(
    tx: Tx,
    { userId, account, identifierHash }: CheckedCredentials,
    userAgent: string | null,
  ): Promise<StartedSession | null> {
    const user = await shareUser(tx, userId);
    if (user?.status !== 'active') return null;
    const started = await this.starts.start(tx, user, { userAgent, generation: account?.generation ?? 0 });
    if (!started) return null;
    await forgetTries(tx, identifierHash);
    const details = { sessionId: started.subject.sessionId };
    await recordAudit(tx, { userId, action: 'sign_in.succeeded', actor: 'user', details });
    return started;
  }
}
