import { describe, expect, it } from '@jest/globals';
import type { OwnProfile, Visibility } from '@nest-arch/contracts';
import { type Audience, audienceOf, defaultVisibility, seenBy, sharedFields } from './visibility.js';

const id = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';
const ada: OwnProfile = {
  id,
  displayName: 'Ada',
  givenName: 'Ada',
  familyName: 'Lovelace',
  bio: 'First',
  locale: 'en',
  timeZone: 'Europe/London',
  visibility: { ...defaultVisibility },
  createdAt: '2026-11-23T09:30:00.000Z',
  updatedAt: '2026-11-23T09:30:00.000Z',
  version: 1,
};

// Written out, not computed: this is what people are promised.
const matrix: [Visibility, Audience, boolean][] = [
  ['public', 'anyone', true],
  ['public', 'signed_in', true],
  ['public', 'self', true],
  ['public', 'admin', true],
  ['signed_in', 'anyone', false],
  ['signed_in', 'signed_in', true],
  ['signed_in', 'self', true],
  ['signed_in', 'admin', true],
  ['private', 'anyone', false],
  ['private', 'signed_in', false],
  ['private', 'self', true],
  ['private', 'admin', true],
  ['admin', 'anyone', false],
  ['admin', 'signed_in', false],
  ['admin', 'self', false],
  ['admin', 'admin', true],
];

describe('what somebody sees of a profile', () => {
  for (const field of sharedFields) {
    it.each(matrix)(`${field}: a %s field is shown to %s: %s`, (visibility, audience, shown) => {
      const profile = { ...ada, visibility: { ...ada.visibility, [field]: visibility } };

      expect(field in seenBy(audience, profile)).toBe(shown);
    });
  }

  it('never holds what is nobody else’s business', () => {
    expect(Object.keys(seenBy('admin', ada)).sort()).toEqual(['id', ...sharedFields].sort());
  });

  it('takes the default for a field that the stored profile does not mention', () => {
    expect(seenBy('anyone', { ...ada, visibility: {} })).toEqual({ id, displayName: 'Ada', bio: 'First' });
  });
});

it.each([
  ['nobody', undefined, 'anyone'],
  ['the person', { userId: id, roles: [] }, 'self'],
  ['somebody else', { userId: 'other', roles: ['editor'] }, 'signed_in'],
  ['an admin', { userId: 'other', roles: ['admin'] }, 'admin'],
  ['an admin who looks at their own profile', { userId: id, roles: ['admin'] }, 'admin'],
] as const)('counts %s as the right audience', (_, viewer, audience) => {
  expect(audienceOf(viewer, id)).toBe(audience);
});
