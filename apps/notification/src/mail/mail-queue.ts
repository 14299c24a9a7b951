import { Injectable } from '@nestjs/common';
import { uuidv7, type Tx } from '@nest-arch/database';
import { Clock, currentTraceparent } from '@nest-arch/platform';
import { lockContact } from '../contacts/contacts.queries.js';
import { Messages } from '../messages/messages.service.js';
import { insertDelivery } from './deliveries.queries.js';
import { MailSignal } from './mail-signal.js';

interface QueuedMail {
  userId: string;
  /** A type of the templates' catalogue. */
  type: string;
  causeId: string;
  /** When what the mail tells of happened. */
  causedAt: Date;
}

interface ChallengeMail extends QueuedMail {
  locale: string | null;
  /** The challenge's JWE, which holds recipient and token. */
  sealed: string;
  expiresAt: Date;
}

interface ContactMail extends QueuedMail {
  /** The oldest version of auth's state that the mail may use. */
  contactVersion: number;
}

const hourMs = 3_600_000;
/** How long a mail waits for its contact; design, "No handler waits for another topic". */
const patienceMs = 24 * hourMs;
/** How long a mail that no challenge limits is tried. */
const giveUpMs = 72 * hourMs;

/** Puts mails into the transaction of what causes them; the sender carries them out after the commit. */
@Injectable()
export class MailQueue {
  constructor(
    private readonly messages: Messages,
    private readonly signal: MailSignal,
    private readonly clock: Clock,
    private readonly domain: string,
  ) {}

  /** A mail to whom a challenge names, with its one-time token. */
  async addChallenge(tx: Tx, mail: ChallengeMail): Promise<void> {
    const { sealed, expiresAt } = mail;
    await this.add(tx, mail, {
      state: 'pending',
      sealed,
      expiresAt,
      contactVersion: 0,
      nextAttemptAt: null,
    });
  }

  /** A mail to the person's own address, once that is known. */
  async addForContact(tx: Tx, mail: ContactMail): Promise<void> {
    const contact = await lockContact(tx, mail.userId);
    const known = contact.email !== null && contact.authVersion >= mail.contactVersion;
    const now = this.clock.now().getTime();
    await this.add(tx, mail, {
      state: known ? 'pending' : 'awaiting_contact',
      sealed: null,
      contactVersion: mail.contactVersion,
      expiresAt: new Date(now + giveUpMs),
      nextAttemptAt: known ? null : new Date(now + patienceMs),
    });
  }

  private async add(
    tx: Tx,
    mail: QueuedMail & { locale?: string | null },
    delivery: DeliveryPart,
  ): Promise<void> {
    const { userId, type, causeId, causedAt, locale = null } = mail;
    const messageId = await this.messages.accept(tx, { userId, type, causeId, locale, channel: 'email' });
    if (messageId === null) return;
    const deliveryId = uuidv7();
    await insertDelivery(tx, {
      ...delivery,
      userId,
      deliveryId,
      messageId,
      causedAt,
      // Made now and stored, so that a repeat after a crash is recognised by every mailbox on the way.
      messageIdHeader: `<${deliveryId}@${this.domain}>`,
      traceparent: currentTraceparent() ?? null,
    });
    tx.afterCommit(() => this.signal.notify());
  }
}

interface DeliveryPart {
  state: 'pending' | 'awaiting_contact';
  sealed: string | null;
  contactVersion: number;
  expiresAt: Date;
  nextAttemptAt: Date | null;
}
