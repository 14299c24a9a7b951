import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a stored answer (AES-256-GCM) under a key derived from the client's own Idempotency-Key (HKDF-SHA-256):
 * the database holds only the key's hash, so a copy of the table reads nothing.
 */
export function sealAnswer(idempotencyKey: string, answer: unknown): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(idempotencyKey), nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer ?? null)), cipher.final()]);
  return Buffer.concat([nonce, text, cipher.getAuthTag()]);
}

export function openAnswer<T>(idempotencyKey: string, sealed: Buffer): T {
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(idempotencyKey), sealed.subarray(0, nonceBytes));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const text = Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  return JSON.parse(text.toString()) as T;
}

function keyFrom(idempotencyKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', idempotencyKey, '', 'idempotency-answer-v1', 32));
}
