import { describe, expect, it } from '@jest/globals';
import { namesTag, tagOf } from './entity-tag.js';
import { applyPatch, initialNames } from './profile.js';
import { defaultVisibility } from './visibility.js';

const before = {
  displayName: 'Ada',
  givenName: 'Augusta',
  familyName: null,
  bio: 'First',
  locale: 'en',
  timeZone: null,
  visibility: { ...defaultVisibility },
};

describe('a merge patch', () => {
  it('sets, empties and keeps', () => {
    const { after, changedFields } = applyPatch(before, { familyName: 'Lovelace', bio: null });

    expect(after).toEqual({ ...before, familyName: 'Lovelace', bio: null });
    expect(changedFields).toEqual(['familyName', 'bio']);
  });

  it('merges the visibility field by field', () => {
    const { after, changedFields } = applyPatch(before, { visibility: { bio: 'private' } });

    expect(after.visibility).toEqual({ ...defaultVisibility, bio: 'private' });
    expect(changedFields).toEqual(['visibility']);
  });

  it.each([
    [{ displayName: 'Ada' }],
    [{ familyName: null, timeZone: null }],
    [{ visibility: { bio: 'public' as const } }],
    [{ visibility: {} }],
  ])('that says what is so already changes nothing: %j', (patch) => {
    expect(applyPatch(before, patch).changedFields).toEqual([]);
  });
});

describe('names of the registration', () => {
  const empty = { displayName: null, givenName: null, familyName: null, editedFields: [] };

  it('fill an empty profile', () => {
    expect(initialNames(empty, { displayName: 'Ada', familyName: 'Lovelace' })).toEqual({
      displayName: 'Ada',
      givenName: null,
      familyName: 'Lovelace',
    });
  });

  it('leave what the person has edited, also what they have emptied', () => {
    const edited = { ...empty, displayName: 'Countess', editedFields: ['bio', 'displayName', 'givenName'] };

    expect(initialNames(edited, { displayName: 'Ada', givenName: 'Augusta', familyName: 'King' })).toEqual({
      displayName: 'Countess',
      givenName: null,
      familyName: 'King',
    });
  });
});

describe('an entity tag', () => {
  it.each([
    ['"v3"', true],
    ['W/"v3"', true],
    ['"v2", "v3"', true],
    ['*', true],
    ['"v33"', false],
    ['v3', false],
    ['"v3.self"', false],
    ['', false],
  ])('v3 is named by %s: %s', (header, named) => {
    expect(namesTag(header, tagOf(3))).toBe(named);
  });

  it('differs between what two audiences see', () => {
    expect(tagOf(3, 'admin')).not.toBe(tagOf(3, 'signed_in'));
  });
});
