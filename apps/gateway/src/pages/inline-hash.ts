import { createHash } from 'node:crypto';

/** The source expression that allows one inline script or style in a content-security-policy (CSP level 3, 2.3.1). */
export function inlineHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
