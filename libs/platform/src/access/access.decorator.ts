import { SetMetadata } from '@nestjs/common';

/** Who may call a route. Every route declares exactly one. */
export type AccessRule =
  | { readonly kind: 'public' }
  | { readonly kind: 'user' }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'scope'; readonly scope: string }
  | { readonly kind: 'internal' };

export const accessKey = 'nest-arch:access';

export function Access(kind: 'public' | 'user' | 'internal'): MethodDecorator;
export function Access(kind: 'role' | 'scope', name: string): MethodDecorator;
/**
 * Declares who may call a route: anybody (`public`), a signed-in person (`user`), one with a role, a caller with a
 * scope, or another process of the platform (`internal`). A route without it stops the boot.
 */
export function Access(kind: AccessRule['kind'], name = ''): MethodDecorator {
  const rule = kind === 'role' ? { kind, role: name } : kind === 'scope' ? { kind, scope: name } : { kind };
  return SetMetadata(accessKey, rule);
}
