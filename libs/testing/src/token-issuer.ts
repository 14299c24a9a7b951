import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface TokenOptions {
  roles?: string[];
  scope?: string;
  /** As jose takes it: seconds since 1970, or a span such as `10m`. */
  expiresAt?: number | string;
  /** Claims that differ from what auth writes. */
  claims?: Record<string, unknown>;
}

/** Stands in for auth towards one service: signs access tokens and serves the key they are checked with. */
export class TokenIssuer {
  private constructor(
    private readonly key: CryptoKey,
    private readonly server: Server,
  ) {}

  static async start(): Promise<TokenIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const body = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'spec', alg: 'ES256' }] });
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TokenIssuer(privateKey, server);
  }

  /** For JWKS_URL. */
  get jwksUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks.json`;
  }

  tokenOf(
    userId: string,
    { roles = [], scope, expiresAt = '10m', claims }: TokenOptions = {},
  ): Promise<string> {
    return new SignJWT({
      ...{ sid: randomUUID(), ver: 0, client_id: 'spec', roles },
      ...(scope === undefined ? {} : { scope }),
      ...{ sub: userId, iss: 'nest-arch', aud: 'nest-arch', jti: randomUUID() },
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'spec', typ: 'at+jwt' })
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .sign(this.key);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
