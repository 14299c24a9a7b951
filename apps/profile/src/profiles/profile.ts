import type { EventData, OwnProfile, ProfilePatch, userStateV1 } from '@nest-arch/contracts';
import type { Profile } from './profile.entity.js';
import { defaultVisibility } from './visibility.js';

const names = ['displayName', 'givenName', 'familyName'] as const;
const plainFields = [...names, 'bio', 'locale', 'timeZone'] as const;

type Editable = Pick<Profile, (typeof plainFields)[number] | 'visibility'>;
type Names = Pick<Profile, (typeof names)[number]>;
type Account = EventData<typeof userStateV1>;
type InitialProfile = Account['initialProfile'];

/** The person's own view, as it is answered and cached. */
export function ownView(row: Profile): OwnProfile {
  return {
    id: row.userId,
    displayName: row.displayName,
    givenName: row.givenName,
    familyName: row.familyName,
    bio: row.bio,
    locale: row.locale,
    timeZone: row.timeZone,
    visibility: { ...defaultVisibility, ...row.visibility },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    version: row.version,
  };
}

/** Applies a JSON Merge Patch (RFC 7396) and says which fields have another value than before. */
export function applyPatch<P extends Editable>(
  before: P,
  patch: ProfilePatch,
): { after: P; changedFields: string[] } {
  const given = plainFields.filter((field) => patch[field] !== undefined);
  const visibility = { ...before.visibility, ...patch.visibility };
  const after = { ...before, ...Object.fromEntries(given.map((field) => [field, patch[field]])), visibility };
  const changedFields: string[] = given.filter((field) => after[field] !== before[field]);
  const shown = Object.keys(visibility) as (keyof typeof visibility)[];
  if (shown.some((field) => visibility[field] !== before.visibility[field])) changedFields.push('visibility');
  return { after, changedFields };
}

/** Names of the registration for a profile: what the person has edited since stays as it is. */
export function initialNames(
  current: Names & { editedFields: readonly string[] },
  initial: NonNullable<InitialProfile>,
): Names {
  const filled = names.filter((name) => initial[name] !== undefined && !current.editedFields.includes(name));
  const { displayName, givenName, familyName } = current;
  return {
    ...{ displayName, givenName, familyName },
    ...Object.fromEntries(filled.map((name) => [name, initial[name]])),
  };
}

/**
 * Language of a profile that has none: the account's, once the address is proven. Before that it is what whoever typed
 * the address has chosen, who need not be its owner; and what the person has edited stays, also when they left it empty.
 */
export function initialLocale(
  { locale, editedFields }: Pick<Profile, 'locale' | 'editedFields'>,
  account: Pick<Account, 'locale' | 'emailVerified'>,
): string | null {
  return account.emailVerified && !editedFields.includes('locale') ? (locale ?? account.locale) : locale;
}
