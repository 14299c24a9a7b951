// Writes docker/.env, which compose.yaml reads by itself. An existing file stays: other secrets would not fit the data.
import { existsSync, writeFileSync } from 'node:fs';
import { databaseOwners, newSecrets } from './secrets.mjs';

const file = new URL('.env', import.meta.url);
if (existsSync(file)) {
  console.log('docker/.env is there already and stays as it is');
  process.exit(0);
}

const secrets = newSecrets();
const variables = {
  POSTGRES_PASSWORD: secrets.postgresPassword,
  ...Object.fromEntries(databaseOwners.map((name) => [passwordOf(name), secrets.databasePasswords[name]])),
  INTERNAL_API_TOKEN: secrets.internalApiToken,
  IDENTIFIER_HMAC_KEY: secrets.identifierHmacKey,
  IDEMPOTENCY_HMAC_KEY: secrets.idempotencyHmacKey,
  KEY_ENCRYPTION_KEYS: secrets.keyEncryptionKeys,
  CHALLENGE_ENCRYPTION_JWKS: secrets.challengeEncryptionJwks,
  CHALLENGE_DECRYPTION_JWKS: secrets.challengeDecryptionJwks,
};
// Single quotes: compose takes what is between them as it stands.
const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' });
console.log(`docker/.env written: ${lines.length} secrets`);

function passwordOf(name) {
  return `${name.toUpperCase()}_DATABASE_PASSWORD`;
}
