import type { ChallengeSecret } from '@nest-arch/contracts';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CompactEncrypt, type CryptoKey, importJWK } from 'jose';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';

const algorithm = 'ECDH-ES+A256KW';

/** Encrypts recipient and token for the notification service: neither stands in clear in the outbox or in Kafka. */
@Injectable()
export class ChallengeCipher implements OnModuleInit {
  private key: { kid: string; publicKey: CryptoKey } | undefined;

  constructor(@Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'CHALLENGE_ENCRYPTION_JWKS'>) {}

  async onModuleInit(): Promise<void> {
    const [jwk] = this.config.CHALLENGE_ENCRYPTION_JWKS.keys;
    const publicKey = await importJWK(jwk ?? {}, algorithm);
    if (publicKey instanceof Uint8Array) throw new Error('CHALLENGE_ENCRYPTION_JWKS holds a symmetric key');
    this.key = { kid: String(jwk?.kid), publicKey };
  }

  /** Compact JWE, ECDH-ES+A256KW / A256GCM. */
  encrypt(secret: ChallengeSecret): Promise<string> {
    if (!this.key) throw new Error('The challenge key is not loaded');
    return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(secret)))
      .setProtectedHeader({ alg: algorithm, enc: 'A256GCM', kid: this.key.kid })
      .encrypt(this.key.publicKey);
  }
}
