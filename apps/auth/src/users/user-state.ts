import { type EventData, userErasuresV1, userStateV1 } from '@nest-arch/contracts';
import { type OwnedState, stateSource } from '@nest-arch/messaging';
import type { User } from './user.entity.js';
import { pageUsers, shareUsers } from './users.queries.js';

/** A user as other services get to see it. */
export function stateOf(user: User): EventData<typeof userStateV1> {
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

/** The state topics of this service. The list of the erased has no table to be compared with. */
export const ownedStates: readonly OwnedState[] = [
  stateSource({
    event: userStateV1,
    page: async (db, range) => (await pageUsers(db, range)).map(rowOf),
    lock: async (tx, userIds) => (await shareUsers(tx, userIds)).map(rowOf),
  }),
  { event: userErasuresV1 },
];

function rowOf(user: User) {
  return { key: user.userId, version: user.version, data: stateOf(user) };
}
