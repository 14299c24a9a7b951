import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-arch/testing';
import { type CryptoKey, SignJWT, generateKeyPair } from 'jose';
import { TokenVerifier } from './token-verifier.js';
import { VerifiedTokens } from './verified-tokens.js';

let signing: CryptoKey;
let checks: number;
let clock: FakeClock;
let tokens: VerifiedTokens;
beforeEach(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  signing = privateKey;
  checks = 0;
  clock = new FakeClock();
  const keys = async () => {
    checks += 1;
    return publicKey;
  };
  tokens = new VerifiedTokens(new TokenVerifier({ issuer: 'i', audience: 'a', keys }), clock);
});

function sign(expiresAt = '10m'): Promise<string> {
  return new SignJWT({ client_id: 'spec', sid: randomUUID(), ver: 0 })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setSubject(randomUUID())
    .setIssuer('i')
    .setAudience('a')
    .setIssuedAt()
    .setJti(randomUUID())
    .setExpirationTime(expiresAt)
    .sign(signing);
}

it('checks the signature of a token once', async () => {
  const [one, other] = [await sign(), await sign()];
  const caller = await tokens.verify(one);

  expect(await tokens.verify(one)).toEqual(caller);
  expect((await tokens.verify(other)).sessionId).not.toBe(caller.sessionId);
  expect(checks).toBe(2);
});

it('forgets a token that has ended', async () => {
  const token = await sign('2s');
  await tokens.verify(token);
  clock.advance(33_000);

  await tokens.verify(token).catch(() => undefined);
  expect(checks).toBe(2);
});

it('remembers no token that was refused, and takes none that differs in a letter', async () => {
  const token = await sign();
  await tokens.verify(token);
  const forged = token.slice(0, -3) + (token.at(-3) === 'A' ? 'B' : 'A') + token.slice(-2);

  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(tokens.verify(forged)).rejects.toMatchObject({ status: 401 });
  }
  expect(checks).toBe(3);
});
