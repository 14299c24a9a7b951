import { Injectable } from '@nestjs/common';
import { messageAcceptedV1, messageFailedV1, messageSentV1 } from '@nest-arch/contracts';
import { uuidv7, type Tx } from '@nest-arch/database';
import { Outbox } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { insertMessage } from './messages.queries.js';

export interface NewMessage {
  userId: string;
  /** A type of the templates' catalogue. */
  type: string;
  /** What the message comes from; a second message of the same type and cause is not made. */
  causeId: string;
  channel: 'email' | 'inbox';
  /** Where the cause names a language. */
  locale?: string | null;
}

/** One message on one channel. */
export interface Delivered {
  userId: string;
  messageId: string;
  type: string;
  channel: 'email' | 'inbox';
}

/** Decides that a person gets a message, once per cause, and announces what becomes of it. */
@Injectable()
export class Messages {
  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** The new message's id; null when this cause has made it before. */
  async accept(
    tx: Tx,
    { userId, type, causeId, channel, locale = null }: NewMessage,
  ): Promise<string | null> {
    const messageId = uuidv7();
    if (!(await insertMessage(tx, { userId, messageId, type, causeId, locale }))) return null;
    const acceptedAt = this.clock.now().toISOString();
    const data = { messageId, userId, type, channels: [channel], acceptedAt };
    await this.outbox.add(tx, messageAcceptedV1, data, { key: userId });
    return messageId;
  }

  async announceSent(tx: Tx, { userId, messageId, type, channel }: Delivered): Promise<void> {
    const sentAt = this.clock.now().toISOString();
    await this.outbox.add(tx, messageSentV1, { messageId, userId, type, channel, sentAt }, { key: userId });
  }

  /** `reason` is a code of ours; never the words of a mail server, which quote addresses. */
  async announceFailed(
    tx: Tx,
    { userId, messageId, type, channel }: Delivered,
    reason: string,
  ): Promise<void> {
    const data = { messageId, userId, type, channel, reason, failedAt: this.clock.now().toISOString() };
    await this.outbox.add(tx, messageFailedV1, data, { key: userId });
  }
}
