/** What a token says of its session. */
export interface SessionRef {
  readonly userId: string;
  readonly sessionId: string;
  readonly ver: number;
}

/** One record of the revocation topic; `sid`, or `userId` with `minVer`. */
export interface Revocation {
  readonly sid?: string | undefined;
  readonly userId?: string | undefined;
  readonly minVer?: number | undefined;
  readonly exceptSid?: string | undefined;
}

interface UserRevocation {
  readonly minVer: number;
  readonly exceptSid: string | undefined;
  at: number;
}

/**
 * Every revocation that can still matter, by session and by user. Records are kept side by side, never merged: two
 * "all but this session" say something else than their sum.
 */
export class Revocations {
  private readonly sessions = new Map<string, number>();
  private readonly users = new Map<string, UserRevocation[]>();

  /** @param at broker time in milliseconds; the record is forgotten by it */
  add({ sid, userId, minVer, exceptSid }: Revocation, at: number): void {
    if (sid !== undefined) this.sessions.set(sid, Math.max(at, this.sessions.get(sid) ?? 0));
    if (userId === undefined || minVer === undefined) return;
    const known = this.users.get(userId) ?? [];
    const same = known.find((entry) => entry.minVer === minVer && entry.exceptSid === exceptSid);
    if (same) same.at = Math.max(same.at, at);
    else known.push({ minVer, exceptSid, at });
    this.users.set(userId, known);
  }

  refuses({ sessionId, userId, ver }: SessionRef): boolean {
    if (this.sessions.has(sessionId)) return true;
    const known = this.users.get(userId);
    if (known === undefined) return false;
    return known.some((entry) => ver < entry.minVer && entry.exceptSid !== sessionId);
  }

  /** Forgets what was recorded before `time`: no token of that age is alive any more. */
  forgetBefore(time: number): void {
    for (const [sid, at] of this.sessions) if (at < time) this.sessions.delete(sid);
    for (const [userId, known] of this.users) {
      const left = known.filter((entry) => entry.at >= time);
      if (left.length === 0) this.users.delete(userId);
      else if (left.length < known.length) this.users.set(userId, left);
    }
  }

  get size(): number {
    return this.sessions.size + this.users.size;
  }
}
