import { many, maybeOne, type Queryable, type Tx } from '@nest-arch/database';
import type { Profile } from './profile.entity.js';
import { defaultVisibility } from './visibility.js';

const columns = `
  user_id as "userId", display_name as "displayName", given_name as "givenName", family_name as "familyName",
  bio, locale, time_zone as "timeZone", visibility, edited_fields as "editedFields", version,
  auth_version as "authVersion", initialised_at as "initialisedAt", region,
  created_at as "createdAt", updated_at as "updatedAt"`;

export function findProfile(db: Queryable, userId: string): Promise<Profile | null> {
  return maybeOne<Profile>(db, `select ${columns} from profiles where user_id = $1`, [userId]);
}

/** Profiles in the order of their users' ids, beginning behind `after`. */
export function pageProfiles(
  db: Queryable,
  { after, limit }: { after: string | null; limit: number },
): Promise<Profile[]> {
  return many<Profile>(
    db,
    `select ${columns} from profiles
      where user_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') order by user_id limit $2`,
    [after, limit],
  );
}

/** Those of these profiles that there are, locked against changes but not against other readers of this kind. */
export function shareProfiles(tx: Tx, userIds: string[]): Promise<Profile[]> {
  return many<Profile>(
    tx,
    `select ${columns} from profiles where user_id = any ($1::uuid[]) order by user_id for share`,
    [userIds],
  );
}

export interface NewProfile extends Pick<
  Profile,
  'userId' | 'displayName' | 'givenName' | 'familyName' | 'locale' | 'region' | 'version' | 'authVersion'
> {
  initialised: boolean;
}

/** Null when the person has a profile already. */
export function insertProfile(tx: Tx, profile: NewProfile): Promise<Profile | null> {
  return maybeOne<Profile>(
    tx,
    `insert into profiles (user_id, display_name, given_name, family_name, locale, region, version, auth_version,
                           initialised_at, visibility)
     values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9 then now() end, $10)
     on conflict (user_id) do nothing
     returning ${columns}`,
    [
      profile.userId,
      profile.displayName,
      profile.givenName,
      profile.familyName,
      profile.locale,
      profile.region,
      profile.version,
      profile.authVersion,
      profile.initialised,
      defaultVisibility,
    ],
  );
}

/** Takes in a newer account record and locks the row. Null when the one that is known is as new, or newer. */
export function advanceAuthVersion(
  tx: Tx,
  account: Pick<Profile, 'userId' | 'authVersion' | 'region'>,
): Promise<Profile | null> {
  return maybeOne<Profile>(
    tx,
    `update profiles set auth_version = $2, region = $3
      where user_id = $1 and auth_version < $2
      returning ${columns}`,
    [account.userId, account.authVersion, account.region],
  );
}

/** Sets the names and the language of the registration. Null when that was done before. */
export function initialiseProfile(
  tx: Tx,
  initial: Pick<Profile, 'userId' | 'displayName' | 'givenName' | 'familyName' | 'locale'>,
): Promise<Profile | null> {
  return maybeOne<Profile>(
    tx,
    `update profiles
        set display_name = $2, given_name = $3, family_name = $4, locale = $5,
            initialised_at = now(), version = version + 1, updated_at = now()
      where user_id = $1 and initialised_at is null
      returning ${columns}`,
    [initial.userId, initial.displayName, initial.givenName, initial.familyName, initial.locale],
  );
}

/** Sets the language of the registration. Null when the profile has one. */
export function initialiseLocale(
  tx: Tx,
  { userId, locale }: Pick<Profile, 'userId' | 'locale'>,
): Promise<Profile | null> {
  return maybeOne<Profile>(
    tx,
    `update profiles set locale = $2, version = version + 1, updated_at = now()
      where user_id = $1 and locale is null
      returning ${columns}`,
    [userId, locale],
  );
}

/** Null when the profile is not at `profile.version` any more: of many writers who read the same version one gets the row. */
export function saveEdit(
  tx: Tx,
  profile: Profile,
  changedFields: readonly string[],
): Promise<Profile | null> {
  return maybeOne<Profile>(
    tx,
    `update profiles
        set display_name = $3, given_name = $4, family_name = $5, bio = $6, locale = $7, time_zone = $8,
            visibility = $9, version = version + 1, updated_at = now(),
            edited_fields = array(select distinct unnest(edited_fields || $10::text[]) order by 1)
      where user_id = $1 and version = $2
      returning ${columns}`,
    [
      profile.userId,
      profile.version,
      profile.displayName,
      profile.givenName,
      profile.familyName,
      profile.bio,
      profile.locale,
      profile.timeZone,
      profile.visibility,
      changedFields,
    ],
  );
}

/** The last version of what was deleted; null when there was nothing. */
export function deleteProfile(tx: Tx, userId: string): Promise<{ version: number } | null> {
  return maybeOne(tx, `delete from profiles where user_id = $1 returning version`, [userId]);
}
