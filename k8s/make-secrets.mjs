// Writes the secrets of overlays/local, a file per Secret. Existing ones stay: others would not fit the data.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { databaseOwners, newSecrets } from '../docker/secrets.mjs';

const folder = new URL('overlays/local/secrets/', import.meta.url);
if (existsSync(folder)) {
  console.log('k8s/overlays/local/secrets is there already and stays as it is');
  process.exit(0);
}

const secrets = newSecrets();
const shared = { INTERNAL_API_TOKEN: secrets.internalApiToken };
const files = {
  gateway: shared,
  auth: {
    ...withDatabase('auth'),
    IDENTIFIER_HMAC_KEY: secrets.identifierHmacKey,
    IDEMPOTENCY_HMAC_KEY: secrets.idempotencyHmacKey,
    KEY_ENCRYPTION_KEYS: secrets.keyEncryptionKeys,
    CHALLENGE_ENCRYPTION_JWKS: secrets.challengeEncryptionJwks,
  },
  profile: withDatabase('profile'),
  notification: {
    ...withDatabase('notification'),
    CHALLENGE_DECRYPTION_JWKS: secrets.challengeDecryptionJwks,
  },
  analytics: withDatabase('analytics'),
  postgres: {
    POSTGRES_PASSWORD: secrets.postgresPassword,
    ...Object.fromEntries(
      databaseOwners.map((name) => [`${name.toUpperCase()}_DATABASE_PASSWORD`, secrets.databasePasswords[name]]),
    ),
  },
};

mkdirSync(folder, { mode: 0o700 });
for (const [name, values] of Object.entries(files)) {
  const lines = Object.entries(values).map(([variable, value]) => `${variable}=${value}\n`);
  writeFileSync(new URL(`${name}.env`, folder), lines.join(''), { mode: 0o600 });
}
console.log(`k8s/overlays/local/secrets: ${Object.keys(files).length} files written`);

function withDatabase(name) {
  return { ...shared, DATABASE_URL: `postgres://${name}:${secrets.databasePasswords[name]}@postgres:5432/${name}` };
}
