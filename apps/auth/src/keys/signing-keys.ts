import { Db } from '@nest-arch/database';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK, JWTVerifyGetKey } from 'jose';
import { errors } from 'jose';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { decryptSecret, encryptSecret } from './key-encryption.js';
import type { SigningKey } from './signing-key.entity.js';
import { findSigningKeys, offerSigningKey } from './signing-keys.queries.js';

export const signingAlgorithm = 'ES256';

/** The keys that sign access tokens. Made at the first start, kept encrypted, imported once per process. */
@Injectable()
export class SigningKeys implements OnModuleInit {
  private active: { kid: string; privateKey: CryptoKey } | undefined;
  private publicKeys = new Map<string, { jwk: JWK; key: CryptoKey }>();

  constructor(
    private readonly db: Db,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'KEY_ENCRYPTION_KEYS'>,
  ) {}

  async onModuleInit(): Promise<void> {
    const stored = await findSigningKeys(this.db);
    if (!stored.some((key) => key.state === 'active')) await offerSigningKey(this.db, await this.newKey());
    await this.load(await findSigningKeys(this.db));
  }

  /** What signs now. */
  get current(): { kid: string; privateKey: CryptoKey } {
    if (!this.active) throw new Error('The signing keys are not loaded');
    return this.active;
  }

  /** RFC 7517 key set of everything that our tokens may be signed with. */
  get publicJwks(): { keys: JWK[] } {
    return { keys: [...this.publicKeys.values()].map(({ jwk }) => jwk) };
  }

  /** For platform's TokenVerifier: this service needs no HTTP to know its own keys. */
  readonly resolve: JWTVerifyGetKey = async ({ kid }) => {
    const found = this.publicKeys.get(kid ?? '');
    if (!found) throw new errors.JWKSNoMatchingKey();
    return found.key;
  };

  private async newKey(): Promise<Pick<SigningKey, 'keyId' | 'publicJwk' | 'encryptedPrivateJwk'>> {
    const { publicKey, privateKey } = await generateKeyPair(signingAlgorithm, { extractable: true });
    const publicJwk = await exportJWK(publicKey);
    const keyId = await calculateJwkThumbprint(publicJwk);
    const secret = JSON.stringify(await exportJWK(privateKey));
    return {
      keyId,
      publicJwk: { ...publicJwk, kid: keyId, alg: signingAlgorithm, use: 'sig' },
      encryptedPrivateJwk: encryptSecret(this.config.KEY_ENCRYPTION_KEYS, secret, contextOf(keyId)),
    };
  }

  private async load(keys: SigningKey[]): Promise<void> {
    for (const { keyId, publicJwk } of keys)
      this.publicKeys.set(keyId, { jwk: publicJwk, key: await toCryptoKey(publicJwk) });
    const active = keys.find((key) => key.state === 'active');
    if (!active) throw new Error('There is no active signing key');
    const secret = decryptSecret(
      this.config.KEY_ENCRYPTION_KEYS,
      active.encryptedPrivateJwk,
      contextOf(active.keyId),
    );
    this.active = { kid: active.keyId, privateKey: await toCryptoKey(JSON.parse(secret) as JWK) };
  }
}

function contextOf(keyId: string): string {
  return `signing-key:${keyId}`;
}

async function toCryptoKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, signingAlgorithm);
  if (key instanceof Uint8Array) throw new Error('A signing key is not symmetric');
  return key;
}
