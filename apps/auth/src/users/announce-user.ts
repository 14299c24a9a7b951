import { type EventData, userStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import type { Outbox } from '@nest-arch/messaging';
import type { User } from './user.entity.js';

/** Writes the user's state record. To be called under the user's row lock, after the version was raised. */
export function announceState(tx: Tx, outbox: Outbox, user: User): Promise<void> {
  return outbox.add(tx, userStateV1, stateOf(user), { key: user.userId, version: user.version });
}

function stateOf(user: User): EventData<typeof userStateV1> {
  return {
    userId: user.userId,
    version: user.version,
    email: user.email,
    emailVerified: user.emailVerifiedAt !== null,
    status: user.status,
    roles: user.roles,
    locale: user.locale,
    region: user.region,
    source: user.source,
    createdAt: user.createdAt.toISOString(),
    ...(user.initialProfile ? { initialProfile: user.initialProfile } : {}),
  };
}
