import { challengeSecret, type ChallengeSecret } from '@nest-arch/contracts';
import { compactDecrypt, decodeProtectedHeader, errors, importJWK, type CryptoKey, type JWK } from 'jose';

/** This challenge can never be opened; the message has no data of it. */
export class ChallengeUnreadableError extends Error {
  override readonly name = 'ChallengeUnreadableError';
}

/** The key that a challenge names is not configured (yet): worth another try. */
export class ChallengeKeyMissingError extends Error {
  override readonly name = 'ChallengeKeyMissingError';
}

/** Opens the challenges that auth has sealed for this service (RFC 7516, ECDH-ES+A256KW with A256GCM). */
export class ChallengeKeys {
  private readonly keys: Map<string, Promise<CryptoKey | Uint8Array>>;

  constructor(jwks: readonly (JWK & { kid: string })[]) {
    this.keys = new Map(jwks.map((jwk) => [jwk.kid, importJWK(jwk, 'ECDH-ES+A256KW')]));
    // A key that cannot be imported fails whoever needs it; until then nobody waits for it.
    for (const key of this.keys.values()) key.catch(() => undefined);
  }

  /** Throws ChallengeKeyMissingError or ChallengeUnreadableError. */
  async open(jwe: string): Promise<ChallengeSecret> {
    const key = await this.keyOf(jwe);
    try {
      const { plaintext } = await compactDecrypt(jwe, key, {
        keyManagementAlgorithms: ['ECDH-ES+A256KW'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return challengeSecret.parse(JSON.parse(new TextDecoder().decode(plaintext)));
    } catch {
      // Whatever it was, its text could quote the secret.
      throw new ChallengeUnreadableError('The challenge does not open with its key, or holds something else');
    }
  }

  private async keyOf(jwe: string): Promise<CryptoKey | Uint8Array> {
    const key = this.keys.get(kidOf(jwe));
    if (!key) throw new ChallengeKeyMissingError('The key that the challenge names is not configured');
    return key;
  }
}

function kidOf(jwe: string): string {
  try {
    return decodeProtectedHeader(jwe).kid ?? '';
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw new ChallengeUnreadableError('The challenge is not a compact JWE');
    throw error;
  }
}
