import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { accessTokenTtlSeconds } from '@nest-arch/contracts';
import { readConfig } from './config.js';

const jwk = { kty: 'EC', crv: 'P-256', kid: 'k', x: 'x', y: 'y' };
const least = {
  DATABASE_URL: 'postgres://auth@127.0.0.1/auth',
  CHALLENGE_ENCRYPTION_JWKS: JSON.stringify({ keys: [jwk] }),
};
const secret = () => randomBytes(32).toString('base64url');
const production = {
  ...least,
  NODE_ENV: 'production',
  IDENTIFIER_HMAC_KEY: secret(),
  IDEMPOTENCY_HMAC_KEY: secret(),
  INTERNAL_API_TOKEN: secret(),
  KEY_ENCRYPTION_KEYS: `k1:${secret()}`,
};

describe('configuration', () => {
  it('works locally with a database and the public challenge key alone', () => {
    expect(readConfig(least)).toMatchObject({ REQUIRE_VERIFIED_EMAIL: true, PASSWORD_MIN_LENGTH: 15 });
  });

  it.each(['IDENTIFIER_HMAC_KEY', 'IDEMPOTENCY_HMAC_KEY', 'INTERNAL_API_TOKEN', 'KEY_ENCRYPTION_KEYS'])(
    'does not start in production with the local %s',
    (name) => {
      expect(() => readConfig(production)).not.toThrow();
      expect(() => readConfig({ ...production, [name]: '' })).toThrow(name);
    },
  );

  it.each([
    ['CHALLENGE_ENCRYPTION_JWKS', JSON.stringify({ keys: [{ ...jwk, d: 'private-part' }] })],
    ['CHALLENGE_ENCRYPTION_JWKS', '{"keys":[]}'],
    ['CHALLENGE_ENCRYPTION_JWKS', 'not json'],
    ['KEY_ENCRYPTION_KEYS', 'k1:short-secret'],
    ['PASSWORD_MIN_LENGTH', '4'],
    ['ACCESS_TOKEN_TTL_SECONDS', String(accessTokenTtlSeconds + 1)],
  ])('refuses %s and does not repeat its value', (name, value) => {
    const read = () => readConfig({ ...least, [name]: value });
    expect(read).toThrow(name);
    expect(read).not.toThrow(/private-part|short-secret/);
  });
});
