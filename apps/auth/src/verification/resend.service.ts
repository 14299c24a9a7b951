import type { RegisterResponse, ResendVerificationBody } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { Idempotency } from '@nest-arch/platform/idempotency';
import { Inject, Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { Challenges } from '../challenges/challenges.js';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { renewLatestAttempt } from '../registration/registration.queries.js';
import { issueToken } from '../tokens/opaque-token.js';
import { Identifiers } from '../users/identifiers.js';
import { keepPace, standInId } from '../users/stand-in.js';
import { findUserId, shareUser } from '../users/users.queries.js';

const route = 'POST /v1/auth/email/verify/resend';

/** Sends the verification mail once more. Unknown and proven addresses cost and answer the same, without a mail. */
@Injectable()
export class ResendService {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly identifiers: Identifiers,
    private readonly challenges: Challenges,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  resend(body: ResendVerificationBody, idempotencyKey: string | undefined): Promise<RegisterResponse> {
    return this.idempotency.run({ key: idempotencyKey, route, body }, async (tx) => {
      await this.renew(tx, body.email);
      return { status: 'verification_sent' as const };
    });
  }

  private async renew(tx: Tx, email: string): Promise<void> {
    const identifierHash = this.identifiers.hash(email);
    const userId = (await findUserId(tx, identifierHash)) ?? standInId(identifierHash);
    const user = await shareUser(tx, userId);
    const isWaiting = user?.status === 'active' && user.emailVerifiedAt === null;
    const ttlSeconds = this.config.VERIFICATION_TTL_SECONDS;
    const token = issueToken('ev', userId);
    const jwe = await this.challenges.seal(email, token.text);

    const mayMail = isWaiting ? await this.challenges.mayMail(tx, identifierHash) : await keepPace(tx);
    const renewed = mayMail
      ? await renewLatestAttempt(tx, { userId, tokenHash: token.hash, ttlSeconds })
      : await keepPace(tx);
    const details = { mailed: Boolean(renewed) };
    await recordAudit(tx, { userId, action: 'verification.resent', actor: 'anonymous', details });
    if (!renewed) return keepPace(tx);
    const { locale } = renewed;
    await this.challenges.issue(tx, { userId, purpose: 'email_verification', locale, ttlSeconds, jwe });
  }
}
