import {
  type OwnProfile,
  type ProfilePatch,
  type PublicProfile,
  profileUpdatedV1,
} from '@nest-arch/contracts';
import { Db, type Tx } from '@nest-arch/database';
import { Outbox } from '@nest-arch/messaging';
import type { Caller } from '@nest-arch/platform';
import { Injectable } from '@nestjs/common';
import { announceState } from './announcements.js';
import { namesTag, tagOf } from './entity-tag.js';
import { ProfileReader } from './profile-reader.js';
import type { Profile } from './profile.entity.js';
import { applyPatch, ownView } from './profile.js';
import { profileErrors, userErrors } from './profiles.errors.js';
import { findProfile, saveEdit } from './profiles.queries.js';
import { audienceOf, seenBy } from './visibility.js';

/** A representation with its entity tag. */
export interface Tagged<T> {
  tag: string;
  body: T;
}

@Injectable()
export class Profiles {
  constructor(
    private readonly db: Db,
    private readonly outbox: Outbox,
    private readonly reader: ProfileReader,
  ) {}

  async own(userId: string): Promise<Tagged<OwnProfile>> {
    return taggedOwn(await this.reader.await(userId));
  }

  async seen(userId: string, caller: Caller): Promise<Tagged<PublicProfile>> {
    const profile = await this.reader.find(userId);
    if (!profile) throw userErrors.notFound();
    const audience = audienceOf(caller, profile.id);
    return { tag: tagOf(profile.version, audience), body: seenBy(audience, profile) };
  }

  /** @throws profile.stale when `ifMatch` does not name the version that is there */
  async edit(userId: string, ifMatch: string, patch: ProfilePatch): Promise<Tagged<OwnProfile>> {
    await this.reader.await(userId);
    const edited = await this.db.transaction(async (tx) => {
      const before = await findProfile(tx, userId);
      if (!before) throw userErrors.notFound(); // erased a moment ago
      if (!namesTag(ifMatch, tagOf(before.version))) return this.refuseStale(before);
      const { after, changedFields } = applyPatch(before, patch);
      return changedFields.length === 0 ? before : this.save(tx, after, changedFields);
    });
    return taggedOwn(ownView(edited));
  }

  private async save(tx: Tx, after: Profile, changedFields: string[]): Promise<Profile> {
    const saved = await saveEdit(tx, after, changedFields);
    if (!saved) throw profileErrors.stale(); // another request was faster
    const { userId, version } = saved;
    const updatedAt = saved.updatedAt.toISOString();
    await this.outbox.add(
      tx,
      profileUpdatedV1,
      { userId, version, changedFields, updatedAt },
      { key: userId, version },
    );
    await announceState(tx, this.outbox, saved);
    await this.reader.forget(userId, after.version);
    return saved;
  }

  // The tag may come from a cached copy whose invalidation was lost: drop it, so that the next read shows the truth.
  private async refuseStale(current: Profile): Promise<never> {
    await this.reader.forget(current.userId, current.version - 1);
    throw profileErrors.stale();
  }
}

function taggedOwn(profile: OwnProfile): Tagged<OwnProfile> {
  return { tag: tagOf(profile.version), body: profile };
}
