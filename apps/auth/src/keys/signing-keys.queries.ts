import { type Queryable, execute, many } from '@nest-arch/database';
import type { SigningKey } from './signing-key.entity.js';

/** Every key whose tokens may still be in use, newest first. */
export function findSigningKeys(db: Queryable): Promise<SigningKey[]> {
  return many<SigningKey>(
    db,
    `select key_id as "keyId", state, public_jwk as "publicJwk", encrypted_private_jwk as "encryptedPrivateJwk",
            created_at as "createdAt"
       from signing_keys order by created_at desc`,
  );
}

/**
 * Makes this key the active one if there is none. Of many replicas that start at once on an empty database one wins, by
 * the unique index on the active state; the others read the winner's.
 */
export function offerSigningKey(
  db: Queryable,
  key: Pick<SigningKey, 'keyId' | 'publicJwk' | 'encryptedPrivateJwk'>,
): Promise<number> {
  return execute(
    db,
    `insert into signing_keys (key_id, state, public_jwk, encrypted_private_jwk) values ($1, 'active', $2, $3)
     on conflict do nothing`,
    [key.keyId, JSON.stringify(key.publicJwk), key.encryptedPrivateJwk],
  );
}
