import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { requestErrors } from '../errors/request-errors.js';
import { type AccessRule, accessKey } from './access.decorator.js';
import type { WithCaller } from './caller.js';
import type { VerifiedTokens } from './verified-tokens.js';

export const internalTokenHeader = 'x-internal-token';

/** Lets a request through when it satisfies what its route declares. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: VerifiedTokens,
    private readonly internalToken: string,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const rule = this.reflector.get<AccessRule | undefined>(accessKey, context.getHandler());
    if (!rule) throw new Error(`${context.getClass().name}.${context.getHandler().name} declares no access`);
    const request = context.switchToHttp().getRequest<FastifyRequest & WithCaller>();
    if (rule.kind === 'public') return true;
    if (rule.kind === 'internal') return this.checkInternal(request);
    request.caller = await this.tokens.verify(bearerToken(request.headers.authorization));
    if (rule.kind === 'role' && !request.caller.roles.includes(rule.role)) throw requestErrors.forbidden();
    if (rule.kind === 'scope' && !request.caller.scopes.includes(rule.scope)) throw requestErrors.forbidden();
    return true;
  }

  private checkInternal(request: FastifyRequest): boolean {
    const given = request.headers[internalTokenHeader];
    if (typeof given !== 'string' || !sameSecret(given, this.internalToken))
      throw requestErrors.unauthenticated();
    return true;
  }
}

/** The token of an Authorization header (RFC 6750 section 2.1). @throws request.unauthenticated without one */
export function bearerToken(authorization: string | undefined): string {
  const match = /^Bearer +([\w\-.~+/]+=*)$/i.exec(authorization ?? '');
  if (!match?.[1]) throw requestErrors.unauthenticated();
  return match[1];
}

/** Compares in constant time, whatever the lengths. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
