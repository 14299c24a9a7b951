import type { EventData, profileStateV1, userStateV1 } from '@nest-arch/contracts';
import { execute, many, maybeOne, one, type Queryable, type Tx } from '@nest-arch/database';

export interface ContactCard {
  email: string | null;
  emailVerified: boolean;
  authVersion: number;
  /** As the person last said: profile once it has spoken, before that what was given at registration. */
  name: string | null;
  /** Profile's, else auth's. */
  locale: string | null;
}

const card = `email, email_verified as "emailVerified", auth_version as "authVersion",
  coalesce(display_name, initial_name) as name, coalesce(profile_locale, auth_locale) as locale`;

export function findContact(db: Queryable, userId: string): Promise<ContactCard | null> {
  return maybeOne<ContactCard>(db, `select ${card} from contacts where user_id = $1`, [userId]);
}

/**
 * Answers the contact and keeps its row locked, making an empty one for a person of whom nothing is known yet. Whoever
 * commits a message that waits for the contact, and whoever completes the contact, meet at this lock: without it both
 * could commit without seeing the other, and the message would wait for ever.
 */
export function lockContact(tx: Tx, userId: string): Promise<ContactCard> {
  return one<ContactCard>(
    tx,
    `insert into contacts (user_id) values ($1)
     on conflict (user_id) do update set user_id = excluded.user_id
     returning ${card}`,
    [userId],
  );
}

export interface StoredState {
  userId: string;
  version: number;
}

/** Answers those that were newer than what was stored. Each user at most once. */
export async function upsertAuthStates(
  tx: Tx,
  states: readonly EventData<typeof userStateV1>[],
): Promise<StoredState[]> {
  if (states.length === 0) return [];
  return many<StoredState>(
    tx,
    `insert into contacts as c (user_id, email, email_verified, status, auth_locale, initial_name, auth_version)
     select * from unnest($1::uuid[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::text[], $7::int[])
     on conflict (user_id) do update
        set email = excluded.email, email_verified = excluded.email_verified, status = excluded.status,
            auth_locale = excluded.auth_locale, initial_name = excluded.initial_name,
            auth_version = excluded.auth_version, updated_at = now()
      where excluded.auth_version > c.auth_version
     returning user_id as "userId", auth_version as version`,
    [
      states.map(({ userId }) => userId),
      states.map(({ email }) => email),
      states.map(({ emailVerified }) => emailVerified),
      states.map(({ status }) => status),
      states.map(({ locale }) => locale),
      states.map(({ initialProfile }) => initialProfile?.displayName ?? null),
      states.map(({ version }) => version),
    ],
  );
}

/** Answers how many were newer than what was stored. Each user at most once. */
export async function upsertProfileStates(
  tx: Tx,
  states: readonly EventData<typeof profileStateV1>[],
): Promise<number> {
  if (states.length === 0) return 0;
  return execute(
    tx,
    `insert into contacts as c (user_id, display_name, profile_locale, profile_version)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[])
     on conflict (user_id) do update
        set display_name = excluded.display_name, profile_locale = excluded.profile_locale,
            profile_version = excluded.profile_version, updated_at = now()
      where excluded.profile_version > c.profile_version`,
    [
      states.map(({ userId }) => userId),
      states.map(({ displayName }) => displayName),
      states.map(({ locale }) => locale),
      states.map(({ version }) => version),
    ],
  );
}

/** These profiles are gone: their half of the contact goes, and older states of it stay out. */
export async function clearProfiles(
  tx: Tx,
  gone: readonly { key: string; version: number | null }[],
): Promise<number> {
  if (gone.length === 0) return 0;
  return execute(
    tx,
    `update contacts c
        set display_name = null, profile_locale = null, profile_version = g.version, updated_at = now()
       from unnest($1::uuid[], $2::int[]) as g (user_id, version)
      where c.user_id = g.user_id and c.profile_version < g.version`,
    [gone.map(({ key }) => key), gone.map(({ version }) => version ?? 0)],
  );
}

export async function deleteContacts(tx: Tx, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  await execute(tx, `delete from contacts where user_id = any($1::uuid[])`, [userIds]);
}
