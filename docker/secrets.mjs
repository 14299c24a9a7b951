// Secrets of one installation, made anew. Written to files by docker/make-secrets.mjs and k8s/make-secrets.mjs.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** The apps with a database of their own. */
export const databaseOwners = ['auth', 'profile', 'notification', 'analytics'];

export function newSecrets() {
  const challenge = challengeKeys();
  return {
    postgresPassword: random(),
    databasePasswords: Object.fromEntries(databaseOwners.map((name) => [name, random()])),
    idempotencyHmacKey: random(),
    internalApiToken: random(),
    identifierHmacKey: random(),
    keyEncryptionKeys: `key-${randomBytes(4).toString('hex')}:${random()}`,
    challengeEncryptionJwks: challenge.publicJwks,
    challengeDecryptionJwks: challenge.privateJwks,
  };
}

/** One pair: auth encrypts one-time tokens with the public half, notification reads them with the private half. */
function challengeKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const common = { kid: `challenge-${randomBytes(4).toString('hex')}`, alg: 'ECDH-ES+A256KW', use: 'enc' };
  const keySet = (key) => JSON.stringify({ keys: [{ ...key.export({ format: 'jwk' }), ...common }] });
  return { publicJwks: keySet(publicKey), privateJwks: keySet(privateKey) };
}

// base64url: nothing in it that an env file, a URL or SQL would read differently.
function random() {
  return randomBytes(32).toString('base64url');
}
