import type { webcrypto } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

export interface TokenOptions {
  userId?: string;
  sessionId?: string;
  ver?: number;
  roles?: string[];
  issuer?: string;
  audience?: string;
  typ?: string;
  /** Seconds from now. */
  expiresIn?: number;
}

/** Makes access tokens as auth does. */
export class Issuer {
  private constructor(
    private readonly privateKey: webcrypto.CryptoKey,
    readonly jwks: { keys: object[] },
  ) {}

  static async create(kid = 'test-key'): Promise<Issuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
    return new Issuer(privateKey, { keys: [jwk] });
  }

  token(options: TokenOptions = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      client_id: 'nest-arch',
      sid: options.sessionId ?? randomUUID(),
      ver: options.ver ?? 1,
      roles: options.roles ?? [],
    })
      .setProtectedHeader({ alg: 'ES256', typ: options.typ ?? 'at+jwt', kid: 'test-key' })
      .setSubject(options.userId ?? randomUUID())
      .setIssuer(options.issuer ?? 'nest-arch')
      .setAudience(options.audience ?? 'nest-arch')
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + (options.expiresIn ?? 600))
      .sign(this.privateKey);
  }
}
