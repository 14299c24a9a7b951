// Secrets of one installation, made anew: for compose as one set of variables, for a cluster as one set per app.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

const databaseOwners = ['auth', 'profile', 'notification', 'analytics'];

/** @returns {Record<string, string>} the variables of docker/.env */
export function composeSecrets() {
  const challenge = challengeKeys();
  return {
    ...databaseServer(),
    INTERNAL_API_TOKEN: random(),
    ...authKeys(),
    CHALLENGE_ENCRYPTION_JWKS: challenge.publicJwks,
    CHALLENGE_DECRYPTION_JWKS: challenge.privateJwks,
  };
}

/** @returns {Record<string, Record<string, string>>} the environment of each app, and of Postgres, in a cluster */
export function clusterSecrets() {
  const challenge = challengeKeys();
  const postgres = databaseServer();
  const shared = { INTERNAL_API_TOKEN: random() };
  /** @param {string} name */
  const withDatabase = (name) => ({
    ...shared,
    DATABASE_URL: `postgres://${name}:${postgres[passwordOf(name)]}@postgres:5432/${name}`,
  });
  return {
    gateway: shared,
    auth: { ...withDatabase('auth'), ...authKeys(), CHALLENGE_ENCRYPTION_JWKS: challenge.publicJwks },
    profile: withDatabase('profile'),
    notification: { ...withDatabase('notification'), CHALLENGE_DECRYPTION_JWKS: challenge.privateJwks },
    analytics: withDatabase('analytics'),
    postgres,
  };
}

/** @returns {Record<string, string>} */
function databaseServer() {
  const passwords = databaseOwners.map((name) => [passwordOf(name), random()]);
  return { POSTGRES_PASSWORD: random(), ...Object.fromEntries(passwords) };
}

/** @param {string} name */
const passwordOf = (name) => `${name.toUpperCase()}_DATABASE_PASSWORD`;

function authKeys() {
  return {
    IDENTIFIER_HMAC_KEY: random(),
    IDEMPOTENCY_HMAC_KEY: random(),
    KEY_ENCRYPTION_KEYS: `key-${randomBytes(4).toString('hex')}:${random()}`,
  };
}

/** One pair: auth encrypts one-time tokens with the public half, notification reads them with the private half. */
function challengeKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const common = { kid: `challenge-${randomBytes(4).toString('hex')}`, alg: 'ECDH-ES+A256KW', use: 'enc' };
  /** @param {import('node:crypto').KeyObject} key */
  const keySet = (key) => JSON.stringify({ keys: [{ ...key.export({ format: 'jwk' }), ...common }] });
  return { publicJwks: keySet(publicKey), privateJwks: keySet(privateKey) };
}

// base64url: nothing in it that an env file, a URL or SQL would read differently.
function random() {
  return randomBytes(32).toString('base64url');
}
