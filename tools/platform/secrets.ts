import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { exportJWK, generateKeyPair } from 'jose';
import { databaseOwners, type DatabaseOwner } from './services.ts';

/** What `npm start` makes once and keeps in `.data/secrets.json`. */
export interface Secrets {
  postgresPassword: string;
  databasePasswords: Record<DatabaseOwner, string>;
  /** `kid:base64url of 32 bytes`, the first is the current one. */
  keyEncryptionKeys: string;
  identifierHmacKey: string;
  idempotencyHmacKeys: Record<DatabaseOwner, string>;
  internalApiToken: string;
  /** JSON Web Key Sets of one pair: auth encrypts for notification. */
  challengeEncryptionJwks: string;
  challengeDecryptionJwks: string;
}

/** Reads the secrets of a data folder; makes those that are missing. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {};
  const made = await newSecrets(known.challengeDecryptionJwks !== undefined);
  const secrets: Secrets = {
    ...made,
    ...known,
    // By owner: a service that came later has none yet.
    databasePasswords: { ...made.databasePasswords, ...known.databasePasswords },
    idempotencyHmacKeys: { ...made.idempotencyHmacKeys, ...known.idempotencyHmacKeys },
  };
  if (isDeepStrictEqual(secrets, known)) return secrets;
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // also when the file was there
  return secrets;
}

async function newSecrets(pairKnown: boolean): Promise<Secrets> {
  const pair = pairKnown ? ({} as ChallengeKeys) : await challengeKeys();
  return {
    postgresPassword: random(),
    databasePasswords: forEachOwner(random),
    keyEncryptionKeys: `local-1:${random()}`,
    identifierHmacKey: random(),
    idempotencyHmacKeys: forEachOwner(random),
    internalApiToken: random(),
    ...pair,
  };
}

type ChallengeKeys = Pick<Secrets, 'challengeEncryptionJwks' | 'challengeDecryptionJwks'>;

async function challengeKeys(): Promise<ChallengeKeys> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', {
    crv: 'P-256',
    extractable: true,
  });
  const common = { kid: `challenge-${randomBytes(4).toString('hex')}`, alg: 'ECDH-ES+A256KW', use: 'enc' };
  const keySet = async (key: Parameters<typeof exportJWK>[0]) =>
    JSON.stringify({ keys: [{ ...(await exportJWK(key)), ...common }] });
  return {
    challengeEncryptionJwks: await keySet(publicKey),
    challengeDecryptionJwks: await keySet(privateKey),
  };
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

function forEachOwner(make: () => string): Record<DatabaseOwner, string> {
  return Object.fromEntries(databaseOwners.map((name) => [name, make()])) as Record<DatabaseOwner, string>;
}
