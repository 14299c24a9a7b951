import type { OwnProfile, PublicProfile, Visibility } from '@nest-arch/contracts';

/** Fields that others may see, if the person lets them. Locale and time zone are nobody else's business. */
export const sharedFields = ['displayName', 'givenName', 'familyName', 'bio'] as const;
export type SharedField = (typeof sharedFields)[number];
export type FieldVisibility = Record<SharedField, Visibility>;

/** Of a new profile. It is stored with the profile, so that a later default changes nothing that exists. */
export const defaultVisibility: Readonly<FieldVisibility> = {
  displayName: 'public',
  givenName: 'signed_in',
  familyName: 'signed_in',
  bio: 'public',
};

/** Who looks at a profile. */
export type Audience = 'anyone' | 'signed_in' | 'self' | 'admin';

const audiences: Readonly<Record<Visibility, readonly Audience[]>> = {
  public: ['anyone', 'signed_in', 'self', 'admin'],
  signed_in: ['signed_in', 'self', 'admin'],
  private: ['self', 'admin'],
  admin: ['admin'],
};

export function audienceOf(
  viewer: { userId: string; roles: readonly string[] } | undefined,
  userId: string,
): Audience {
  if (!viewer) return 'anyone';
  if (viewer.roles.includes('admin')) return 'admin';
  return viewer.userId === userId ? 'self' : 'signed_in';
}

/** The one place that decides what of a profile somebody sees: other fields are absent, not empty. */
export function seenBy(audience: Audience, profile: OwnProfile): PublicProfile {
  const visible = sharedFields.filter((field) => {
    // A field that an older row does not mention has the default of today.
    const visibility = profile.visibility[field] ?? defaultVisibility[field];
    return audiences[visibility].includes(audience);
  });
  return { id: profile.id, ...Object.fromEntries(visible.map((field) => [field, profile[field]])) };
}
