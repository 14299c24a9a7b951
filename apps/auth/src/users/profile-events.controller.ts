import { type EventData, profileInitialisedV1, profileStateV1 } from '@nest-arch/contracts';
import { type EventContext, OnEvent } from '@nest-arch/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { UserEvents } from './user-events.js';
import { copyLocale, dropInitialProfile, lockUser } from './users.queries.js';

/** What the profile service tells us of a person. */
@Controller()
export class ProfileEventsController {
  constructor(private readonly events: UserEvents) {}

  @OnEvent(profileInitialisedV1)
  async forgetNames(
    @Payload() data: EventData<typeof profileInitialisedV1>,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    const user = await dropInitialProfile(tx, data.userId);
    if (user) await this.events.state(tx, user);
  }

  @OnEvent(profileStateV1)
  async takeLocale(
    @Payload() data: EventData<typeof profileStateV1> | null,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    if (!data) return; // a tombstone: auth erases by its own rules
    const user = await lockUser(tx, data.userId);
    if (!user || user.profileVersion >= data.version) return;
    // A profile without a language leaves the one that was chosen at registration: mails need some.
    const locale = data.locale ?? user.locale;
    const copied = await copyLocale(tx, { userId: user.userId, locale, profileVersion: data.version });
    if (copied.version > user.version) await this.events.state(tx, copied);
  }
}
