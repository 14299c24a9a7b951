import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { profileStateV1, userStateV1, type EventData } from '@nest-arch/contracts';
import { OnEvent, type EventContext } from '@nest-arch/messaging';
import { eraseUser } from '../erasure/erasure.queries.js';
import { completeAwaiting } from '../mail/deliveries.queries.js';
import { MailSignal } from '../mail/mail-signal.js';
import { clearProfileState, upsertAuthState, upsertProfileState } from './contacts.queries.js';

/** Keeps the projection of how to reach and greet people, and lets go the mails that waited for it. */
@Controller()
export class ContactsConsumer {
  constructor(private readonly signal: MailSignal) {}

  @OnEvent(userStateV1)
  async userState(@Payload() state: EventData<typeof userStateV1> | null, @Ctx() { tx, key }: EventContext) {
    if (state === null) return eraseUser(tx, key);
    if ((await upsertAuthState(tx, state)) === 0) return;
    const completed = await completeAwaiting(tx, state.userId, state.version);
    if (completed > 0) tx.afterCommit(() => this.signal.notify());
  }

  @OnEvent(profileStateV1)
  async profileState(
    @Payload() state: EventData<typeof profileStateV1> | null,
    @Ctx() context: EventContext,
  ) {
    const { tx, key, version } = context;
    if (state === null) await clearProfileState(tx, key, version ?? 0);
    else await upsertProfileState(tx, state);
  }
}
