import { Injectable } from '@nestjs/common';
import { normaliseEmailAddress } from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import { Clock } from '@nest-arch/platform';
import { findContact } from '../contacts/contacts.queries.js';
import { pickLanguage } from '../templates/languages.js';
import { renderMail } from '../templates/render.js';
import { ChallengeKeys } from './challenge-keys.js';
import type { ClaimedDelivery } from './deliveries.queries.js';
import type { OutgoingMail } from './smtp-client.js';

export interface MailWording {
  product: string;
  /** Without a slash at its end. */
  linkBaseUrl: string;
}

/** This delivery will never become a mail. `reason` is stored and announced; it holds no data. */
export class UndeliverableError extends Error {
  override readonly name = 'UndeliverableError';
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** This release cannot write the mail, another one may: a replica of the next release has queued it. */
export class NoTemplateError extends Error {
  override readonly name = 'NoTemplateError';
}

interface Addressee {
  email: string;
  locales: readonly (string | null)[];
  name: string | null;
  url?: string;
}

const hourMs = 3_600_000;

/** Makes the mail of a delivery, at the last moment: until then the token stays sealed. */
@Injectable()
export class MailWriter {
  constructor(
    private readonly db: Db,
    private readonly keys: ChallengeKeys,
    private readonly clock: Clock,
    private readonly wording: MailWording,
  ) {}

  async write(delivery: ClaimedDelivery): Promise<OutgoingMail> {
    const { expiresAt, type } = delivery;
    const leftMs = expiresAt.getTime() - this.clock.now().getTime();
    if (leftMs <= 0) throw new UndeliverableError('expired');
    const { email, locales, name, url } = await this.addresseeOf(delivery);
    // Checked again although auth has: this text becomes an SMTP command.
    const to = normaliseEmailAddress(email);
    if (to === null) throw new UndeliverableError('recipient_invalid');
    const values = { product: this.wording.product, name, hours: Math.max(1, Math.round(leftMs / hourMs)) };
    const mail = renderMail({ type, language: pickLanguage(...locales), values, url });
    if (!mail) throw new NoTemplateError(`This release has no mail of type ${type}`);
    return { ...mail, to, messageId: delivery.messageIdHeader, date: delivery.createdAt };
  }

  private addresseeOf(delivery: ClaimedDelivery): Promise<Addressee> {
    return delivery.sealed === null
      ? this.fromContact(delivery)
      : this.fromChallenge(delivery, delivery.sealed);
  }

  private async fromChallenge({ locale }: ClaimedDelivery, sealed: string): Promise<Addressee> {
    const { recipient, token } = await this.keys.open(sealed);
    // In the fragment: neither servers nor logs nor the next page's Referer ever see it.
    const url = token && `${this.wording.linkBaseUrl}/verify#token=${encodeURIComponent(token)}`;
    return { email: recipient, locales: [locale], name: null, ...(url ? { url } : {}) };
  }

  private async fromContact({ userId, contactVersion }: ClaimedDelivery): Promise<Addressee> {
    const contact = await findContact(this.db, userId);
    if (!contact?.email || contact.authVersion < contactVersion)
      throw new UndeliverableError('contact_unknown');
    return { email: contact.email, locales: [contact.locale], name: contact.name };
  }
}
