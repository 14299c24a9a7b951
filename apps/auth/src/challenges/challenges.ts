import { type ChallengePurpose, challengeIssuedV1 } from '@nest-arch/contracts';
import { type Tx, uuidv7 } from '@nest-arch/database';
import { Outbox } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { ChallengeCipher } from './challenge-cipher.js';
import { takeRecipientMail } from './recipient-mails.queries.js';

export interface Challenge {
  userId: string;
  purpose: ChallengePurpose;
  locale: string | null;
  ttlSeconds: number;
  /** From `seal`. */
  jwe: string;
}

/** Mails with a one-time token, as the notification service is told of them. */
@Injectable()
export class Challenges {
  constructor(
    private readonly outbox: Outbox,
    private readonly cipher: ChallengeCipher,
    private readonly clock: Clock,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'RECIPIENT_MAILS_PER_HOUR'>,
  ) {}

  /** Encrypts what a mail needs. A step of its own, so that it costs the same where no mail follows. */
  seal(recipient: string, token?: string): Promise<string> {
    return this.cipher.encrypt({ recipient, ...(token === undefined ? {} : { token }) });
  }

  /** Whether an anonymous caller may cause one more mail to this address; counts it. */
  mayMail(tx: Tx, identifierHash: Buffer): Promise<boolean> {
    return takeRecipientMail(tx, { identifierHash, perHour: this.config.RECIPIENT_MAILS_PER_HOUR });
  }

  issue(tx: Tx, { userId, purpose, locale, ttlSeconds, jwe }: Challenge): Promise<void> {
    const expiresAt = new Date(this.clock.now().getTime() + ttlSeconds * 1000).toISOString();
    const data = { challengeId: uuidv7(), userId, purpose, locale, expiresAt, jwe };
    return this.outbox.add(tx, challengeIssuedV1, data, { key: userId });
  }
}
