import { profileStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { markErased, Outbox } from '@nest-arch/messaging';
import { Injectable } from '@nestjs/common';
import { ProfileReader } from './profile-reader.js';
import { deleteProfile } from './profiles.queries.js';

@Injectable()
export class ProfileErasure {
  constructor(
    private readonly outbox: Outbox,
    private readonly reader: ProfileReader,
  ) {}

  /**
   * Deletes what there is of a person here, tells those who read the state topic, and lets nothing of the person in again.
   * May be repeated.
   */
  async erase(tx: Tx, userId: string): Promise<void> {
    await markErased(tx, userId);
    const last = await deleteProfile(tx, userId);
    if (last) await this.outbox.tombstone(tx, profileStateV1, { key: userId, version: last.version + 1 });
    await this.reader.forgetErased(userId);
  }
}
