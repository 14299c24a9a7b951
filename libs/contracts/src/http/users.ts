import { z } from 'zod';
import { visibility } from '../events/profile-events.js';
import { locale } from '../locale.js';
import { line } from '../text.js';

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'Not an IANA time zone')
  .meta({ description: 'IANA time zone', example: 'Europe/Berlin' });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The caller's own profile. `version` is also the ETag. */
export const ownProfile = z.object({
  id: z.uuid(),
  displayName: z.string().nullable(),
  givenName: z.string().nullable(),
  familyName: z.string().nullable(),
  bio: z.string().nullable(),
  locale: z.string().nullable(),
  timeZone: z.string().nullable(),
  visibility: z.record(z.string(), visibility),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int(),
});
export type OwnProfile = z.infer<typeof ownProfile>;

const editableVisibility = z.enum(['public', 'signed_in', 'private']);

/** JSON Merge Patch (RFC 7396): null removes, absent keeps. */
export const profilePatch = z
  .strictObject({
    displayName: line(80).nullable().optional(),
    givenName: line(80).nullable().optional(),
    familyName: line(80).nullable().optional(),
    bio: line(500).nullable().optional(),
    locale: locale.nullable().optional(),
    timeZone: timeZone.nullable().optional(),
    visibility: z
      .strictObject({
        displayName: editableVisibility.optional(),
        givenName: editableVisibility.optional(),
        familyName: editableVisibility.optional(),
        bio: editableVisibility.optional(),
      })
      .optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'Nothing to change');
export type ProfilePatch = z.infer<typeof profilePatch>;

/** Another person's profile: a field that the reader may not see is absent. */
export const publicProfile = z.object({
  id: z.uuid(),
  displayName: z.string().nullable().optional(),
  givenName: z.string().nullable().optional(),
  familyName: z.string().nullable().optional(),
  bio: z.string().nullable().optional(),
});
export type PublicProfile = z.infer<typeof publicProfile>;

export const userIdParam = z.uuid();
