import type { SessionTokens } from '@nest-arch/contracts';
import { Clock } from '@nest-arch/platform';
import { Inject, Injectable } from '@nestjs/common';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { SigningKeys, signingAlgorithm } from './signing-keys.js';

export interface TokenSubject {
  userId: string;
  sessionId: string;
  /** The user's revocation counter. */
  ver: number;
  roles: string[];
  region: string;
}

/** Makes access tokens: RFC 9068, short-lived, and with what gateways need to refuse a revoked one. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly keys: SigningKeys,
    private readonly clock: Clock,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** What a signed-in client gets: a fresh access token beside its refresh token. */
  async answer(subject: TokenSubject, refreshToken: string): Promise<SessionTokens> {
    return {
      status: 'authenticated',
      accessToken: await this.sign(subject),
      tokenType: 'Bearer',
      expiresIn: this.config.ACCESS_TOKEN_TTL_SECONDS,
      refreshToken,
      sessionId: subject.sessionId,
    };
  }

  sign(subject: TokenSubject): Promise<string> {
    const { kid, privateKey } = this.keys.current;
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const { sessionId: sid, ver, roles, region } = subject;
    return new SignJWT({ client_id: this.config.FIRST_PARTY_CLIENT_ID, sid, ver, roles, region })
      .setProtectedHeader({ alg: signingAlgorithm, typ: 'at+jwt', kid })
      .setIssuer(this.config.TOKEN_ISSUER)
      .setAudience(this.config.TOKEN_AUDIENCE)
      .setSubject(subject.userId)
      .setIssuedAt(now)
      .setExpirationTime(now + this.config.ACCESS_TOKEN_TTL_SECONDS)
      .setJti(randomUUID())
      .sign(privateKey);
  }
}
