import { type EventData, profileStateV1 } from '@nest-arch/contracts';
import { type OwnedState, stateSource } from '@nest-arch/messaging';
import type { Profile } from './profile.entity.js';
import { ownView } from './profile.js';
import { pageProfiles, shareProfiles } from './profiles.queries.js';

/** A profile as other services get to see it. */
export function stateOf(profile: Profile): EventData<typeof profileStateV1> {
  const { id, createdAt: _, ...state } = ownView(profile);
  return { userId: id, ...state };
}

/** The state topic of this service. */
export const ownedStates: readonly OwnedState[] = [
  stateSource({
    event: profileStateV1,
    page: async (db, range) => (await pageProfiles(db, range)).map(rowOf),
    lock: async (tx, userIds) => (await shareProfiles(tx, userIds)).map(rowOf),
  }),
];

function rowOf(profile: Profile) {
  return { key: profile.userId, version: profile.version, data: stateOf(profile) };
}
