import type { EventData, profileStateV1, userStateV1 } from '@nest-arch/contracts';
import { execute, maybeOne, one, type Queryable, type Tx } from '@nest-arch/database';

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

/** 0 when a newer state is stored already. */
export function upsertAuthState(tx: Tx, state: EventData<typeof userStateV1>): Promise<number> {
  return execute(
    tx,
    `insert into contacts as c (user_id, email, email_verified, status, auth_locale, initial_name, auth_version)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (user_id) do update
        set email = excluded.email, email_verified = excluded.email_verified, status = excluded.status,
            auth_locale = excluded.auth_locale, initial_name = excluded.initial_name,
            auth_version = excluded.auth_version, updated_at = now()
      where excluded.auth_version > c.auth_version`,
    [
      state.userId,
      state.email,
      state.emailVerified,
      state.status,
      state.locale,
      state.initialProfile?.displayName ?? null,
      state.version,
    ],
  );
}

/** 0 when a newer state is stored already. */
export function upsertProfileState(tx: Tx, state: EventData<typeof profileStateV1>): Promise<number> {
  return execute(
    tx,
    `insert into contacts as c (user_id, display_name, profile_locale, profile_version)
     values ($1, $2, $3, $4)
     on conflict (user_id) do update
        set display_name = excluded.display_name, profile_locale = excluded.profile_locale,
            profile_version = excluded.profile_version, updated_at = now()
      where excluded.profile_version > c.profile_version`,
    [state.userId, state.displayName, state.locale, state.version],
  );
}

/** The profile is gone: its half of the contact goes, and older states of it stay out. */
export function clearProfileState(tx: Tx, userId: string, version: number): Promise<number> {
  return execute(
    tx,
    `update contacts
        set display_name = null, profile_locale = null, profile_version = $2, updated_at = now()
      where user_id = $1 and profile_version < $2`,
    [userId, version],
  );
}
