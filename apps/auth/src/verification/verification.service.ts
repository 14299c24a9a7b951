import type { VerifyEmailBody } from '@nest-arch/contracts';
import { Db, type Tx } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { setPassword } from '../passwords/passwords.queries.js';
import { SessionEndings } from '../sessions/session-endings.js';
import { type OpaqueToken, parseToken } from '../tokens/opaque-token.js';
import { UserEvents } from '../users/user-events.js';
import type { User } from '../users/user.entity.js';
import { lockUser, markVerified } from '../users/users.queries.js';
import { verificationErrors } from './verification.errors.js';
import {
  type Attempt,
  endAttempts,
  findAttempt,
  findPasswordHash,
  spendAttempt,
} from './verification.queries.js';

/** Activates the attempt whose token came back, alone, and ends all others of that address. */
@Injectable()
export class VerificationService {
  constructor(
    private readonly db: Db,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionEndings,
    private readonly events: UserEvents,
  ) {}

  async verify({ token: text, password }: VerifyEmailBody): Promise<void> {
    const token = parseToken('ev', text);
    const attempt = token && (await findAttempt(this.db, token));
    if (!attempt) throw verificationErrors.tokenInvalid();
    if (password !== undefined) await this.assertOwn(token, attempt, password);
    await this.db.transaction((tx) => this.activate(tx, token));
  }

  /** Who registered this attempt knows its password: a stranger's attempt cannot slip in by a click on the wrong mail. */
  private async assertOwn({ userId }: OpaqueToken, attempt: Attempt, password: string): Promise<void> {
    if (await this.hasher.verify(attempt.passwordHash, password)) return;
    await this.db.transaction((tx) =>
      recordAudit(tx, { userId, action: 'verification.password_mismatch', actor: 'anonymous' }),
    );
    throw verificationErrors.passwordMismatch();
  }

  private async activate(tx: Tx, token: OpaqueToken): Promise<void> {
    const { userId } = token;
    const user = await lockUser(tx, userId);
    const attempt = user && (await spendAttempt(tx, token));
    if (!user || !attempt) throw verificationErrors.tokenInvalid();
    await endAttempts(tx, userId);
    const initialProfile = await this.takeOver(tx, user, attempt);
    const verified = await markVerified(tx, userId, { locale: attempt.locale, initialProfile });
    await this.events.emailVerified(tx, verified);
    await recordAudit(tx, { userId, action: 'verification.completed', actor: 'user' });
  }

  /**
   * The attempt's password becomes the account's. An account that was usable before its address was proven
   * (REQUIRE_VERIFIED_EMAIL=false) may belong to somebody else so far: then everybody is signed out.
   */
  private async takeOver(tx: Tx, user: User, attempt: Attempt): Promise<User['initialProfile']> {
    const { userId } = user;
    const known = await findPasswordHash(tx, userId);
    if (known === attempt.passwordHash) return user.initialProfile;
    await setPassword(tx, userId, attempt.passwordHash);
    if (known !== null) await this.sessions.endAll(tx, userId, { reason: 'password_changed' });
    return attempt.displayName === null ? null : { displayName: attempt.displayName };
  }
}
