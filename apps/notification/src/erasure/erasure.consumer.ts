import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { notificationErasedV1, userErasureDueV1, userErasuresV1, type EventData } from '@nest-arch/contracts';
import { markErased, OnEvent, Outbox, type EventContext } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { eraseUsers } from './erasure.queries.js';

/** Forgets people: when auth says that it is due, and again when a restored backup brings one back. */
@Controller()
export class ErasureConsumer {
  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  @OnEvent(userErasureDueV1)
  async due(
    @Payload() { userId, erasureId }: EventData<typeof userErasureDueV1>,
    @Ctx() { tx }: EventContext,
  ) {
    await markErased(tx, userId);
    await eraseUsers(tx, [userId]);
    const erasedAt = this.clock.now().toISOString();
    await this.outbox.add(tx, notificationErasedV1, { userId, erasureId, erasedAt }, { key: userId });
  }

  @OnEvent(userErasuresV1)
  async listed(@Payload() record: EventData<typeof userErasuresV1> | null, @Ctx() { tx }: EventContext) {
    if (record === null) return;
    // Already on the list: erased then, and nothing of the person has been let in since.
    if (await markErased(tx, record.userId)) await eraseUsers(tx, [record.userId]);
  }
}
