import { describe, expect, it } from '@jest/globals';
import { challengeIssuedV1, events, profileStateV1, userStateV1 } from '@nest-arch/contracts';
import { maskHeaders, maskKey, maskPersonal } from './mask-personal.js';

describe('data for the eyes of people', () => {
  it('has neither address nor name nor token', () => {
    expect(maskPersonal(userStateV1.fixture)).toMatchObject({
      userId: userStateV1.fixture.userId,
      version: 2,
      email: '•••',
      status: 'active',
      roles: [],
      initialProfile: { displayName: '•••' },
    });
    const profile = JSON.stringify(maskPersonal(profileStateV1.fixture));
    expect(profile).not.toMatch(/Ada|Lovelace|London/);
    expect(profile).toContain('"displayName":"public"');
    expect(maskPersonal(challengeIssuedV1.fixture)).toMatchObject({
      jwe: '•••',
      purpose: 'email_verification',
    });
  });

  it('keeps what the events of the platform say, which is not personal', () => {
    const hidden = events
      .filter(({ kind }) => kind === 'event')
      .flatMap(({ fixture }) => Object.entries(maskPersonal(fixture) as object))
      .filter(([, value]) => JSON.stringify(value).includes('•••'))
      .map(([field]) => field);
    // Whoever knows the id of an erasure may read its receipt.
    expect(new Set(hidden)).toEqual(new Set(['jwe', 'erasureId']));
  });

  it('hides what nobody has declared, and an address wherever it is', () => {
    expect(
      maskPersonal({ surname: 'lovelace', status: 'ada@example.com', list: [{ deep: 'Ada' }], n: 7 }),
    ).toEqual({
      surname: '•••',
      status: '•••',
      list: [{ deep: '•••' }],
      n: 7,
    });
    expect(
      maskPersonal({ visibility: { phone: '49151234567' }, reason: { of: 'hunter2' }, phone: 49151234567 }),
    ).toEqual({
      visibility: { phone: '•••' },
      reason: { of: '•••' },
      phone: '•••',
    });
    expect(maskPersonal('Ada')).toBe('•••');
    expect(maskPersonal(null)).toBeNull();
  });

  it('shows keys that the platform makes, and no others', () => {
    for (const key of [userStateV1.fixture.userId, 'heartbeat-7', 'canary', ''])
      expect(maskKey(key)).toBe(key);
    expect(maskKey('ada@example.com')).toBe('•••');
    expect(maskHeaders({ ce_subject: 'ada@example.com', tracestate: 'a=ada' })).toEqual({
      ce_subject: '•••',
      tracestate: '•••',
    });
  });

  it('has of headers that no contract knows only the names', () => {
    const ours = {
      ce_type: 'auth.user.registered.v1',
      traceparent: '00-1-2-01',
      'x-dlq-reason': 'permanent',
    };
    expect(maskHeaders({ ...ours, authorization: 'Bearer abc', 'x-mail': 'ada@example.com' })).toEqual({
      ...ours,
      authorization: '•••',
      'x-mail': '•••',
    });
  });
});
