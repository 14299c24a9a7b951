import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { one } from '@nest-arch/database';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { AUTH_CONFIG } from '../config.js';
import { type Given, startAuth } from '../testing/given.js';
import { decryptSecret, encryptSecret } from './key-encryption.js';
import { SigningKeys } from './signing-keys.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterAll(() => given.stop());

describe('signing keys', () => {
  it('publishes public keys that verify our tokens, and may be cached', async () => {
    const { accessToken, userId } = await given.signedIn();
    const { body, headers } = await given.http.get('/.well-known/jwks.json');

    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(body.keys).toHaveLength(1);
    expect(body.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(body.keys[0]).not.toHaveProperty('d');
    const { payload } = await jwtVerify(accessToken, createLocalJWKSet(body), { typ: 'at+jwt' });
    expect(payload.sub).toBe(userId);
  });

  it('makes one key however many replicas start at once on an empty table', async () => {
    await given.run('delete from signing_keys');
    const replicas = Array.from({ length: 16 }, () => new SigningKeys(given.db, given.app.get(AUTH_CONFIG)));
    await Promise.all(replicas.map((keys) => keys.onModuleInit()));

    expect(await given.countRows('signing_keys')).toBe(1);
    expect(new Set(replicas.map((keys) => keys.current.kid)).size).toBe(1);
    expect(replicas[7]?.publicJwks).toEqual(replicas[0]?.publicJwks);
  });

  it('stores private keys encrypted, and does not start without the key that opens them', async () => {
    const { text } = await one<{ text: string }>(
      given.db,
      `select json_agg(k)::text as text from signing_keys k`,
    );
    expect(text).not.toContain('"d"');
    const keys = new SigningKeys(given.db, { KEY_ENCRYPTION_KEYS: [{ id: 'other', key: randomBytes(32) }] });
    await expect(keys.onModuleInit()).rejects.toThrow('The key-encryption key local is not configured');
  });
});

describe('key encryption', () => {
  const [old, current] = [
    { id: 'old', key: randomBytes(32) },
    { id: 'new', key: randomBytes(32) },
  ];

  it('writes under the first key and reads under any', () => {
    const before = encryptSecret([old], 'secret', 'row 1');
    expect(decryptSecret([current, old], before, 'row 1')).toBe('secret');
    expect(encryptSecret([current, old], 'secret', 'row 1')).toMatch(/^new\./);
  });

  it('does not open for another place or when changed', () => {
    const stored = encryptSecret([old], 'secret', 'row 1');
    expect(() => decryptSecret([old], stored, 'row 2')).toThrow();
    expect(() => decryptSecret([old], `${stored.slice(0, -2)}AA`, 'row 1')).toThrow();
    expect(() => decryptSecret([current], stored, 'row 1')).toThrow('old is not configured');
  });
});
