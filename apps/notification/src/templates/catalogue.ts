import { addressTaken } from './address-taken.js';
import { emailVerification } from './email-verification.js';
import type { Template } from './template.js';
import { welcome } from './welcome.js';

export const templates: readonly Template[] = [emailVerification, addressTaken, welcome];

const byType = new Map(templates.map((template) => [template.type, template]));

/** Undefined for a type that this release does not have, such as an item stored by a newer one. */
export function templateOf(type: string): Template | undefined {
  return byType.get(type);
}
