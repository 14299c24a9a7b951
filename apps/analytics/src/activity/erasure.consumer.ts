import { analyticsErasedV1, type EventData, userErasureDueV1, userErasuresV1 } from '@nest-arch/contracts';
import { type EventContext, markErased, OnEvent, Outbox } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { forgetActivity } from './activity.queries.js';

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
  ): Promise<void> {
    await markErased(tx, userId);
    await forgetActivity(tx, userId);
    const erasedAt = this.clock.now().toISOString();
    await this.outbox.add(tx, analyticsErasedV1, { userId, erasureId, erasedAt }, { key: userId });
  }

  @OnEvent(userErasuresV1)
  async listed(
    @Payload() entry: EventData<typeof userErasuresV1> | null,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    if (!entry) return;
    await markErased(tx, entry.userId);
    await forgetActivity(tx, entry.userId);
  }
}
