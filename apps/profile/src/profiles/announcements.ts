import { profileStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import type { Outbox } from '@nest-arch/messaging';
import type { Profile } from './profile.entity.js';
import { ownView } from './profile.js';

/** Writes the state record. To be called while the transaction holds the profile's row. */
export function announceState(tx: Tx, outbox: Outbox, profile: Profile): Promise<void> {
  const { id, createdAt: _, ...state } = ownView(profile);
  return outbox.add(tx, profileStateV1, { userId: id, ...state }, { key: id, version: profile.version });
}
