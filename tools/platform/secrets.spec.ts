import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { loadSecrets, type Secrets } from './secrets.ts';
import { databaseOwners } from './services.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nest-arch-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'secrets.json');
const kept = () => JSON.parse(readFileSync(file(), 'utf8')) as Secrets;

it('makes secrets once, for this user alone', async () => {
  const first = await loadSecrets(folder);

  expect(await loadSecrets(folder)).toEqual(first);
  expect(kept()).toEqual(first);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

it('gives a service that came later its own, and changes nothing that is known', async () => {
  const complete = await loadSecrets(folder);
  const { analytics: _password, ...databasePasswords } = complete.databasePasswords;
  const { analytics: _key, ...idempotencyHmacKeys } = complete.idempotencyHmacKeys;
  writeFileSync(file(), JSON.stringify({ ...complete, databasePasswords, idempotencyHmacKeys }));

  const secrets = await loadSecrets(folder);

  expect(secrets.databasePasswords).toEqual({ ...databasePasswords, analytics: expect.any(String) });
  expect(secrets.idempotencyHmacKeys).toEqual({ ...idempotencyHmacKeys, analytics: expect.any(String) });
  expect(Object.keys(secrets.databasePasswords).sort()).toEqual([...databaseOwners].sort());
  expect(secrets.challengeDecryptionJwks).toBe(complete.challengeDecryptionJwks);
  expect(kept()).toEqual(secrets);
});

it('makes a secret that is missing altogether', async () => {
  const { identifierHmacKey: _, ...rest } = await loadSecrets(folder);
  writeFileSync(file(), JSON.stringify(rest));

  expect(await loadSecrets(folder)).toEqual({ ...rest, identifierHmacKey: expect.any(String) });
});
