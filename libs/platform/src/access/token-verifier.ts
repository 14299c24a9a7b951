import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { requestErrors } from '../errors/request-errors.js';
import type { Caller } from './caller.js';

/** Clocks of the platform may differ by this much (docs: rules that hold everywhere). */
export const leewaySeconds = 30;

// RFC 9068 section 2.2, and what the platform adds.
const accessTokenClaims = z.object({
  sub: z.uuid(),
  client_id: z.string(),
  jti: z.string(),
  sid: z.uuid(),
  ver: z.int().nonnegative(),
  roles: z.array(z.string()).default([]),
  scope: z.string().default(''),
  exp: z.int(),
});

export interface TokenVerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Where the public keys come from; `remoteKeys(url)` outside of auth. */
  readonly keys: JWTVerifyGetKey;
}

/** Keys of a JWKS address, cached; an unknown `kid` asks again, at most every 5 s. */
export function remoteKeys(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), {
    cooldownDuration: 5_000,
    cacheMaxAge: 3_600_000,
    timeoutDuration: 3_000,
  });
}

/** Checks access tokens: RFC 9068, signed with ES256 by a key of our own issuer. */
export class TokenVerifier {
  constructor(private readonly options: TokenVerifierOptions) {}

  /**
   * @throws request.unauthenticated for a token that is not (or no longer) good, request.unavailable when the keys
   * cannot be had: an outage of auth must not look like the caller's fault.
   */
  async verify(token: string): Promise<Caller> {
    try {
      const { payload } = await jwtVerify(token, this.options.keys, {
        issuer: this.options.issuer,
        audience: this.options.audience,
        typ: 'at+jwt',
        // One algorithm, fixed here: the token's own header never chooses (RFC 8725 section 3.1).
        algorithms: ['ES256'],
        clockTolerance: leewaySeconds,
        requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id', 'sid', 'ver'],
      });
      return toCaller(accessTokenClaims.parse(payload));
    } catch (error) {
      if (isKeyOutage(error))
        throw requestErrors.unavailable('The signing keys cannot be read', { retryAfterSeconds: 1 });
      throw requestErrors.unauthenticated();
    }
  }
}

function toCaller(claims: z.infer<typeof accessTokenClaims>): Caller {
  return {
    userId: claims.sub,
    sessionId: claims.sid,
    ver: claims.ver,
    roles: claims.roles,
    scopes: claims.scope.split(' ').filter(Boolean),
    expiresAt: claims.exp,
  };
}

function isKeyOutage(error: unknown): boolean {
  if (error instanceof z.ZodError) return false;
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  // jose throws JOSEError for everything it judges; a plain error is the fetch that failed.
  return !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC';
}
