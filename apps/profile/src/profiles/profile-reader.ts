import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnProfile } from '@nest-arch/contracts';
import type { Db } from '@nest-arch/database';
import { isErased } from '@nest-arch/messaging';
import { type CacheStore, highestVersion } from '@nest-arch/platform';
import { ownView } from './profile.js';
import { profileErrors, userErrors } from './profiles.errors.js';
import { findProfile } from './profiles.queries.js';

export interface ReaderOptions {
  cacheTtlSeconds: number;
  arrivalWaitMs: number;
}

/**
 * Reads profiles through the shared cache. Whoever changes one calls `forget` inside the transaction, once the row is
 * locked: from then on nobody can put the old version back, and a process that dies after the commit leaves nothing stale
 * behind. What the cache misses while it is away is bounded by the time that entries live.
 */
export class ProfileReader {
  constructor(
    private readonly db: Db,
    private readonly cache: CacheStore,
    private readonly options: ReaderOptions,
  ) {}

  async find(userId: string): Promise<OwnProfile | null> {
    return (await this.cache.get<OwnProfile>(keyOf(userId))) ?? this.load(userId);
  }

  /**
   * Also waits a short time for the record of a person who has only just registered.
   *
   * @throws profile.not_ready (503) when it has not come by then, users.not_found for the erased
   */
  async await(userId: string): Promise<OwnProfile> {
    const giveUpAt = performance.now() + this.options.arrivalWaitMs;
    let profile = await this.find(userId);
    for (let pauseMs = 25; !profile; pauseMs = Math.min(pauseMs * 2, 200)) {
      if (await isErased(this.db, userId)) throw userErrors.notFound();
      if (performance.now() >= giveUpAt) throw profileErrors.notReady(undefined, { retryAfterSeconds: 1 });
      await sleep(pauseMs);
      profile = await this.load(userId);
    }
    return profile;
  }

  /** Drops the copies of this version and of older ones, and refuses them for a while. */
  forget(userId: string, version: number): Promise<void> {
    return this.cache.invalidate(keyOf(userId), version);
  }

  /** The same for every version that there ever was. */
  forgetErased(userId: string): Promise<void> {
    return this.forget(userId, highestVersion);
  }

  private async load(userId: string): Promise<OwnProfile | null> {
    const row = await findProfile(this.db, userId);
    if (!row) return null;
    const profile = ownView(row);
    // Not awaited: the answer does not depend on it, and the store says itself what goes wrong.
    void this.cache.setIfNewer(keyOf(userId), profile.version, profile, this.options.cacheTtlSeconds);
    return profile;
  }
}

// The number is that of the copy's shape: another release does not read what it would not understand. Lower case, because
// the path of a request may spell an id in capitals.
function keyOf(userId: string): string {
  return `profile:1:${userId.toLowerCase()}`;
}
