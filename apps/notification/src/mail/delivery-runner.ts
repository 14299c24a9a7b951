import { Injectable, Logger } from '@nestjs/common';
import { Db, type Tx } from '@nest-arch/database';
import { runWithTrace } from '@nest-arch/platform';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { describeError } from '../describe-error.js';
import { Messages } from '../messages/messages.service.js';
import { ChallengeKeyMissingError, ChallengeUnreadableError } from './challenge-keys.js';
import { markFailed, markSent, putOff, type ClaimedDelivery } from './deliveries.queries.js';
import { mailMetrics } from './mail-metrics.js';
import { MailWriter, NoTemplateError, UndeliverableError } from './mail-writer.js';
import { SmtpClient, type OutgoingMail } from './smtp-client.js';
import { judgeSmtpError, retryDelayMs } from './smtp-errors.js';

type Outcome = { kind: 'sent' } | { kind: 'failed' | 'retry'; reason: string; unacknowledged?: true };

// Each may be one more copy at the recipient's.
const triesAfterUnacknowledged = 2;
const settlePauseMs = 200;
const longestSettlePauseMs = 5_000;

const tracer = trace.getTracer('nest-arch/mail');

/** Carries one claimed delivery to its end, or to its next try. */
@Injectable()
export class DeliveryRunner {
  private readonly logger = new Logger('Mail');

  constructor(
    private readonly db: Db,
    private readonly messages: Messages,
    private readonly writer: MailWriter,
    private readonly smtp: SmtpClient,
  ) {}

  /** Never throws. When `signal` is aborted, the mail is left for another try. */
  async run(delivery: ClaimedDelivery, signal: AbortSignal): Promise<void> {
    await runWithTrace(delivery.traceparent ?? undefined, async () => {
      const attributes = {
        'messaging.message.id': delivery.messageIdHeader,
        'notification.type': delivery.type,
      };
      const span = tracer.startSpan('send mail', { kind: SpanKind.CLIENT, attributes });
      const outcome = await this.attempt(delivery, signal);
      if (outcome.kind !== 'sent') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.reason });
      span.end();
      await this.settle(delivery, outcome, signal);
    });
  }

  private async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    let mail: OutgoingMail;
    try {
      mail = await this.writer.write(delivery);
    } catch (error) {
      return unwritten(error);
    }
    try {
      await this.smtp.send(mail, signal);
    } catch (error) {
      const verdict = judgeSmtpError(error);
      const isLast = verdict.unacknowledged && delivery.unacknowledged >= triesAfterUnacknowledged;
      return isLast ? { ...verdict, kind: 'failed' } : verdict;
    }
    const { type, causedAt } = delivery;
    mailMetrics.latency.observe({ type }, Math.max(0, Date.now() - causedAt.getTime()) / 1000);
    return { kind: 'sent' };
  }

  /**
   * Stores what became of it. A mail that is out must be known as sent, or it is sent again: so while the database is
   * away this goes on trying, and the sender goes on renewing the lease.
   */
  private async settle(delivery: ClaimedDelivery, outcome: Outcome, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.record(delivery, outcome);
        mailMetrics.settled.inc({ type: delivery.type, outcome: outcome.kind });
        return;
      } catch (error) {
        if (tries % 10 === 1)
          this.logger.warn(`Delivery ${delivery.deliveryId} not settled: ${describeError(error)}`);
        if (signal.aborted && tries > 5) return;
        await new Promise((resolve) =>
          setTimeout(resolve, Math.min(settlePauseMs * tries, longestSettlePauseMs)),
        );
      }
    }
  }

  private async record(delivery: ClaimedDelivery, outcome: Outcome): Promise<void> {
    const { deliveryId, type, attempts } = delivery;
    if (outcome.kind === 'retry') {
      const delayMs = retryDelayMs(attempts);
      this.logger.warn(`Mail ${deliveryId} (${type}) put off for ${delayMs} ms: ${outcome.reason}`);
      const { reason, unacknowledged = false } = outcome;
      await putOff(this.db, delivery, { reason, delayMs, unacknowledged });
    } else if (outcome.kind === 'sent') {
      await this.db.transaction((tx) => this.recordSent(tx, delivery));
    } else {
      this.logger.warn(`Mail ${deliveryId} (${type}) given up: ${outcome.reason}`);
      await this.db.transaction((tx) => this.recordFailed(tx, delivery, outcome.reason));
    }
  }

  private async recordSent(tx: Tx, delivery: ClaimedDelivery): Promise<void> {
    if (await markSent(tx, delivery)) await this.messages.announceSent(tx, { ...delivery, channel: 'email' });
  }

  private async recordFailed(tx: Tx, delivery: ClaimedDelivery, reason: string): Promise<void> {
    if (!(await markFailed(tx, delivery, reason))) return;
    await this.messages.announceFailed(tx, { ...delivery, channel: 'email' }, reason);
  }
}

function unwritten(error: unknown): Outcome {
  if (error instanceof UndeliverableError) return { kind: 'failed', reason: error.reason };
  if (error instanceof ChallengeUnreadableError) return { kind: 'failed', reason: 'challenge_unreadable' };
  if (error instanceof ChallengeKeyMissingError) return { kind: 'retry', reason: 'challenge_key_missing' };
  if (error instanceof NoTemplateError) return { kind: 'retry', reason: 'template_missing' };
  return { kind: 'retry', reason: 'not_written' };
}
