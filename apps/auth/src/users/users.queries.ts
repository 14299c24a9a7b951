import { type Queryable, type Tx, many, maybeOne, one } from '@nest-arch/database';
import type { InitialProfile, User } from './user.entity.js';

const userColumns = `
  user_id as "userId", email, email_verified_at as "emailVerifiedAt", status, roles, locale, region, source, version, ver,
  profile_version as "profileVersion", initial_profile as "initialProfile", created_at as "createdAt"`;

/** Whose address this is; null when nobody's. */
export async function findUserId(db: Queryable, identifierHash: Buffer): Promise<string | null> {
  const row = await maybeOne<{ userId: string }>(
    db,
    `select user_id as "userId" from identifiers where identifier_hash = $1`,
    [identifierHash],
  );
  return row?.userId ?? null;
}

/**
 * Claims an address for `userId`, or answers whose it is. Either way the row is locked to the end of the transaction, so
 * registrations of one address come one after the other, and each is one statement.
 */
export async function claimAddress(
  tx: Tx,
  { identifierHash, userId, region }: { identifierHash: Buffer; userId: string; region: string },
): Promise<string> {
  // Not `do nothing`: that neither locks nor shows a row which another transaction has just inserted.
  const row = await one<{ userId: string }>(
    tx,
    `insert into identifiers (identifier_hash, user_id, region) values ($1, $2, $3)
     on conflict (identifier_hash) do update set region = identifiers.region
     returning user_id as "userId"`,
    [identifierHash, userId, region],
  );
  return row.userId;
}

export function insertUser(
  tx: Tx,
  user: Pick<User, 'userId' | 'email' | 'locale' | 'region' | 'source' | 'initialProfile'>,
): Promise<User> {
  return one<User>(
    tx,
    `insert into users (user_id, email, locale, region, source, initial_profile)
     values ($1, $2, $3, $4, $5, $6) returning ${userColumns}`,
    [user.userId, user.email, user.locale, user.region, user.source, jsonOf(user.initialProfile)],
  );
}

/** The user, locked against every other change: versions are counted under this lock. */
export function lockUser(tx: Tx, userId: string): Promise<User | null> {
  return maybeOne<User>(tx, `select ${userColumns} from users where user_id = $1 for no key update`, [
    userId,
  ]);
}

/** The user, locked against changes but not against other readers of this kind: what sign-in and refresh take. */
export function shareUser(tx: Tx, userId: string): Promise<User | null> {
  return maybeOne<User>(tx, `select ${userColumns} from users where user_id = $1 for share`, [userId]);
}

/** Users in the order of their ids, beginning behind `after`. */
export function pageUsers(
  db: Queryable,
  { after, limit }: { after: string | null; limit: number },
): Promise<User[]> {
  return many<User>(
    db,
    `select ${userColumns} from users
      where user_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') order by user_id limit $2`,
    [after, limit],
  );
}

/** Those of these users that there are, each locked as by `shareUser`. */
export function shareUsers(tx: Tx, userIds: string[]): Promise<User[]> {
  return many<User>(
    tx,
    `select ${userColumns} from users where user_id = any ($1::uuid[]) order by user_id for share`,
    [userIds],
  );
}

/** The address is proven: the attempt's names and locale become the account's. */
export function markVerified(
  tx: Tx,
  userId: string,
  { locale, initialProfile }: { locale: string | null; initialProfile: InitialProfile | null },
): Promise<User> {
  return one<User>(
    tx,
    `update users
        set email_verified_at = now(), locale = $2, initial_profile = $3, version = version + 1
      where user_id = $1
     returning ${userColumns}`,
    [userId, locale, jsonOf(initialProfile)],
  );
}

/** The profile service has the names. Null when there were none to forget. */
export function dropInitialProfile(tx: Tx, userId: string): Promise<User | null> {
  return maybeOne<User>(
    tx,
    `update users set initial_profile = null, version = version + 1
      where user_id = $1 and initial_profile is not null
     returning ${userColumns}`,
    [userId],
  );
}

/** Copies what the profile at `profileVersion` says; a new language is a new version of the user. */
export function copyLocale(
  tx: Tx,
  { userId, locale, profileVersion }: { userId: string; locale: string | null; profileVersion: number },
): Promise<User> {
  return one<User>(
    tx,
    `update users
        set locale = $2, profile_version = $3,
            version = version + case when locale is distinct from $2 then 1 else 0 end
      where user_id = $1
     returning ${userColumns}`,
    [userId, locale, profileVersion],
  );
}

/** Sets the roles and raises `ver`: access tokens with the old ones are refused. */
export function setRoles(tx: Tx, userId: string, roles: string[]): Promise<User> {
  return one<User>(
    tx,
    `update users set roles = $2, version = version + 1, ver = ver + 1 where user_id = $1 returning ${userColumns}`,
    [userId, roles],
  );
}

/** Raises `ver`; answers the new one. */
export async function raiseVer(tx: Tx, userId: string): Promise<number> {
  const row = await one<{ ver: number }>(
    tx,
    `update users set ver = ver + 1 where user_id = $1 returning ver`,
    [userId],
  );
  return row.ver;
}

function jsonOf(value: object | null): string | null {
  return value && JSON.stringify(value);
}
