import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { challengeSecret, type ChallengeSecret } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { CompactEncrypt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** Stands in for auth: signs access tokens, serves their keys, and seals challenges. */
export class TestIssuer {
  private constructor(
    private readonly signing: CryptoKey,
    private readonly sealing: CryptoKey,
    private readonly server: Server,
    /** For CHALLENGE_DECRYPTION_JWKS. */
    readonly decryptionJwks: string,
  ) {}

  static async start(): Promise<TestIssuer> {
    const signing = await generateKeyPair('ES256', { extractable: true });
    const sealing = await generateKeyPair('ECDH-ES+A256KW', { extractable: true, crv: 'P-256' });
    const jwks = { keys: [{ ...(await exportJWK(signing.publicKey)), kid: 'signing', alg: 'ES256' }] };
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const decryption = { keys: [{ ...(await exportJWK(sealing.privateKey)), kid: 'sealing' }] };
    return new TestIssuer(signing.privateKey, sealing.publicKey, server, JSON.stringify(decryption));
  }

  get jwksUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks.json`;
  }

  tokenOf(userId: string, expiresAt: number | string = '10m'): Promise<string> {
    return new SignJWT({ sid: uuidv7(), ver: 0, client_id: 'spec', roles: [] })
      .setProtectedHeader({ alg: 'ES256', kid: 'signing', typ: 'at+jwt' })
      .setSubject(userId)
      .setIssuer('nest-arch')
      .setAudience('nest-arch')
      .setIssuedAt()
      .setJti(uuidv7())
      .setExpirationTime(expiresAt)
      .sign(this.signing);
  }

  seal(secret: ChallengeSecret, kid = 'sealing'): Promise<string> {
    return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(challengeSecret.parse(secret))))
      .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid })
      .encrypt(this.sealing);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
