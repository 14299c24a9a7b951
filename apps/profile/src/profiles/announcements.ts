import { profileStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import type { Outbox } from '@nest-arch/messaging';
import type { Profile } from './profile.entity.js';
import { stateOf } from './profile-state.js';

/** Writes the state record. To be called while the transaction holds the profile's row. */
export function announceState(tx: Tx, outbox: Outbox, profile: Profile): Promise<void> {
  const { userId: key, version } = profile;
  return outbox.add(tx, profileStateV1, stateOf(profile), { key, version });
}
