import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { userEmailVerifiedV1, userRegisteredV1, type EventData } from '@nest-arch/contracts';
import { OnEvent, type EventContext } from '@nest-arch/messaging';
import { Inbox } from '../inbox/inbox.service.js';
import { MailQueue } from '../mail/mail-queue.js';
import { welcome } from '../templates/welcome.js';

/** Greets people who have registered themselves; imports and admins invite in their own way. */
@Controller()
export class WelcomeConsumer {
  constructor(
    private readonly inbox: Inbox,
    private readonly mails: MailQueue,
  ) {}

  @OnEvent(userRegisteredV1)
  async registered(@Payload() event: EventData<typeof userRegisteredV1>, @Ctx() { tx, id }: EventContext) {
    if (event.source !== 'self') return;
    await this.inbox.add(tx, { userId: event.userId, type: welcome.type, causeId: id });
  }

  @OnEvent(userEmailVerifiedV1)
  async verified(
    @Payload() event: EventData<typeof userEmailVerifiedV1>,
    @Ctx() { tx, id, time }: EventContext,
  ) {
    if (event.source !== 'self') return;
    const { userId, version } = event;
    // The state that this event belongs to carries the name given at registration and the verified address.
    await this.mails.addForContact(tx, {
      userId,
      type: welcome.type,
      causeId: id,
      causedAt: time,
      contactVersion: version,
    });
  }
}
