/**
 * A cache of versioned values. A fill that is older than what is known, or than an invalidation, is refused: a slow
 * reader cannot put back what has just changed. Never holds truth; every method may fail softly.
 */
export abstract class CacheStore {
  /** The value, or null when there is none or the store is away. */
  abstract get<T>(key: string): Promise<T | null>;
  /** True when stored. `version` is a non-negative integer that grows with every change of the value. */
  abstract setIfNewer(key: string, version: number, value: unknown, ttlSeconds: number): Promise<boolean>;
  /** Drops the value and refuses fills below or at `version` for a while. */
  abstract invalidate(key: string, version: number): Promise<void>;
}

/** Version of an invalidation that nothing comes after: an erased person. */
export const highestVersion = Number.MAX_SAFE_INTEGER;

/** How long an invalidation refuses older fills: longer than any read can be under way. */
export const versionMarkTtlSeconds = 60;
