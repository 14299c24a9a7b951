import { describe, expect, it } from '@jest/globals';
import { Revocations } from './revocations.js';

const session = { userId: 'u', sessionId: 's', ver: 3 };

describe('Revocations', () => {
  it('refuses a revoked session and no other', () => {
    const revocations = new Revocations();
    revocations.add({ sid: 's' }, 1);

    expect(revocations.refuses(session)).toBe(true);
    expect(revocations.refuses({ ...session, sessionId: 't' })).toBe(false);
  });

  it('refuses older versions of a user, except the session that stays', () => {
    const revocations = new Revocations();
    revocations.add({ userId: 'u', minVer: 4, exceptSid: 'kept' }, 1);

    expect(revocations.refuses(session)).toBe(true);
    expect(revocations.refuses({ ...session, sessionId: 'kept' })).toBe(false);
    expect(revocations.refuses({ ...session, ver: 4 })).toBe(false);
    expect(revocations.refuses({ ...session, userId: 'v' })).toBe(false);
  });

  it('keeps records side by side: a later exception does not save what an earlier record refuses', () => {
    const revocations = new Revocations();
    revocations.add({ userId: 'u', minVer: 4, exceptSid: 'a' }, 1);
    revocations.add({ userId: 'u', minVer: 5, exceptSid: 'b' }, 2);

    expect(revocations.refuses({ userId: 'u', sessionId: 'a', ver: 3 })).toBe(true);
    expect(revocations.refuses({ userId: 'u', sessionId: 'b', ver: 3 })).toBe(true);
    expect(revocations.refuses({ userId: 'u', sessionId: 'b', ver: 4 })).toBe(false);
  });

  it('does not grow when the topic is read again', () => {
    const revocations = new Revocations();
    for (let n = 0; n < 3; n += 1) {
      revocations.add({ sid: 's', userId: 'u' }, n);
      revocations.add({ userId: 'u', minVer: 4 }, n);
    }
    revocations.forgetBefore(2);

    expect(revocations.size).toBe(2);
  });

  it('forgets what no living token can meet', () => {
    const revocations = new Revocations();
    revocations.add({ sid: 's' }, 1_000);
    revocations.add({ userId: 'u', minVer: 4 }, 1_000);
    revocations.forgetBefore(1_001);

    expect(revocations.refuses(session)).toBe(false);
    expect(revocations.size).toBe(0);
  });
});
