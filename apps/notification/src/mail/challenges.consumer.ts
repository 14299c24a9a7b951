import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { challengeIssuedV1, type ChallengePurpose, type EventData } from '@nest-arch/contracts';
import { OnEvent, PermanentError, type EventContext } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { addressTaken } from '../templates/address-taken.js';
import { emailVerification } from '../templates/email-verification.js';
import { mailMetrics } from './mail-metrics.js';
import { MailQueue } from './mail-queue.js';

const typeByPurpose = new Map<string, string>([
  ['email_verification', emailVerification.type],
  ['address_taken', addressTaken.type],
] satisfies [ChallengePurpose, string][]);

/** Turns auth's challenges into mails. */
@Controller()
export class ChallengesConsumer {
  constructor(
    private readonly mails: MailQueue,
    private readonly clock: Clock,
  ) {}

  @OnEvent(challengeIssuedV1)
  async issued(@Payload() challenge: EventData<typeof challengeIssuedV1>, @Ctx() { tx, time }: EventContext) {
    const { userId, purpose, locale, challengeId, jwe } = challenge;
    const expiresAt = new Date(challenge.expiresAt);
    const type = typeByPurpose.get(purpose);
    if (expiresAt <= this.clock.now()) {
      mailMetrics.challengesDropped.inc({ purpose: type ? purpose : 'unknown' });
      return;
    }
    // A dead letter keeps it as long as the challenge can live, for a release that has the mail.
    if (!type) throw new PermanentError(`No mail for the purpose ${purpose}`);
    await this.mails.addChallenge(tx, {
      userId,
      type,
      causeId: challengeId,
      causedAt: time,
      locale,
      sealed: jwe,
      expiresAt,
    });
  }
}
