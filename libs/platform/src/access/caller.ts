import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import { requestErrors } from '../errors/request-errors.js';

/** Who calls, as the verified access token says. */
export interface Caller {
  readonly userId: string;
  readonly sessionId: string;
  /** The user's revocation counter when the token was made. */
  readonly ver: number;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** When the token ends, in seconds since 1970. */
  readonly expiresAt: number;
}

/** What the access guard leaves on the request. */
export interface WithCaller {
  caller?: Caller;
}

export function callerOf(context: ExecutionContext): Caller {
  const { caller } = context.switchToHttp().getRequest<WithCaller>();
  if (!caller) throw requestErrors.unauthenticated();
  return caller;
}

/** The caller of a route that needs one. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext) => callerOf(context));

export const CurrentUserId = createParamDecorator(
  (_: unknown, context: ExecutionContext) => callerOf(context).userId,
);
