import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a refresh token's successor so that only a holder of the token can read it: AES-256-GCM under
 * HKDF-SHA-256(the token's 32 random bytes), session id as additional data. The database holds only the token's hash, and
 * a key made from that would let whoever reads the database read the successor.
 */
export function sealSuccessor(secret: Buffer, successor: string, sessionId: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret), nonce).setAAD(Buffer.from(sessionId));
  return Buffer.concat([nonce, cipher.update(successor), cipher.final(), cipher.getAuthTag()]);
}

/** @throws when the token or the session is another */
export function openSuccessor(secret: Buffer, sealed: Buffer, sessionId: string): string {
  const cipher = createDecipheriv('aes-256-gcm', keyFrom(secret), sealed.subarray(0, nonceBytes))
    .setAAD(Buffer.from(sessionId))
    .setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([cipher.update(sealed.subarray(nonceBytes, -tagBytes)), cipher.final()]).toString();
}

function keyFrom(secret: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'refresh-successor-v1', 32));
}
