import {
  type EventData,
  sessionRefreshedV1,
  sessionStartedV1,
  userEmailVerifiedV1,
  userRegisteredV1,
} from '@nest-arch/contracts';
import { type EventContext, OnEvent } from '@nest-arch/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { countActive, countSignUp, countVerified, type Slot } from './activity.queries.js';

/** Counts what happens. The inbox lets each event through once, in the transaction that counts it. */
@Controller()
export class ActivityConsumer {
  @OnEvent(userRegisteredV1)
  async registered(
    @Payload() event: EventData<typeof userRegisteredV1>,
    @Ctx() context: EventContext,
  ): Promise<void> {
    await countSignUp(context.tx, slotOf(event.registeredAt, context));
  }

  @OnEvent(userEmailVerifiedV1)
  async verified(
    @Payload() event: EventData<typeof userEmailVerifiedV1>,
    @Ctx() context: EventContext,
  ): Promise<void> {
    await countVerified(context.tx, slotOf(event.verifiedAt, context));
  }

  @OnEvent(sessionStartedV1)
  async started(
    @Payload() event: EventData<typeof sessionStartedV1>,
    @Ctx() context: EventContext,
  ): Promise<void> {
    await countActive(context.tx, event.userId, slotOf(event.startedAt, context));
  }

  @OnEvent(sessionRefreshedV1)
  async refreshed(
    @Payload() event: EventData<typeof sessionRefreshedV1>,
    @Ctx() context: EventContext,
  ): Promise<void> {
    await countActive(context.tx, event.userId, slotOf(event.refreshedAt, context));
  }
}

/** The day on which it happened, in UTC, not the one on which we hear of it. Times in events end in Z. */
function slotOf(happenedAt: string, { partition }: EventContext): Slot {
  return { day: happenedAt.slice(0, 10), lane: partition };
}
