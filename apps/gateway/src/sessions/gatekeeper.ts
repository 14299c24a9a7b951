import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  type AccessRule,
  type Caller,
  Clock,
  TokenVerifier,
  bearerToken,
  requestErrors,
} from '@nest-arch/platform';
import { LRUCache } from 'lru-cache';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { SessionGate } from './session-gate.js';

/** The verifier's leeway: a token that it would still take is not refused from the cache. */
const leewayMs = 30_000;

/** Lets a caller through to a route: token, session, role. Answers at once where nothing has to be waited for. */
@Injectable()
export class Gatekeeper {
  /** By SHA-256 of the Authorization header: a token itself is not kept. */
  private readonly verified: LRUCache<string, Caller>;

  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    private readonly tokens: TokenVerifier,
    private readonly sessions: SessionGate,
    private readonly clock: Clock,
  ) {
    this.verified = new LRUCache({ max: config.TOKEN_CACHE_SIZE });
  }

  /** @throws request.unauthenticated, request.forbidden, request.unavailable, gateway.session_check_unavailable */
  admit(authorization: string | undefined, access: AccessRule): Caller | Promise<Caller> {
    if (authorization === undefined) throw requestErrors.unauthenticated();
    const key = hash('sha256', authorization, 'base64');
    const known = this.verified.get(key);
    if (known && this.isAlive(known)) return this.admitCaller(known, access);
    return this.verify(authorization, key).then((caller) => this.admitCaller(caller, access));
  }

  private async verify(authorization: string, key: string): Promise<Caller> {
    this.verified.delete(key);
    try {
      const caller = await this.tokens.verify(bearerToken(authorization));
      this.verified.set(key, caller);
      return caller;
    } catch (error) {
      throw withReason(error);
    }
  }

  private isAlive(caller: Caller): boolean {
    return caller.expiresAt * 1000 + leewayMs > this.clock.now().getTime();
  }

  private admitCaller(caller: Caller, access: AccessRule): Caller | Promise<Caller> {
    if (!satisfies(caller, access)) throw requestErrors.forbidden();
    const active = this.sessions.isActive(caller);
    if (active === true) return caller;
    if (active === false) throw invalidToken();
    return active.then((known) => {
      if (!known) throw invalidToken();
      return caller;
    });
  }
}

function satisfies(caller: Caller, access: AccessRule): boolean {
  if (access.kind === 'role') return caller.roles.includes(access.role);
  if (access.kind === 'scope') return caller.scopes.includes(access.scope);
  return access.kind === 'user';
}

// RFC 6750 section 3.1: a token that was sent and is no good is told apart from none at all.
function invalidToken() {
  return requestErrors.unauthenticated(undefined, {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  });
}

function withReason(error: unknown): unknown {
  const isRefused =
    (error as { status?: unknown }).status === requestErrors.unauthenticated.declaration.status;
  return isRefused ? invalidToken() : error;
}
