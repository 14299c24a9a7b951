import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** A key that encrypts keys, with the id that is stored beside everything it has encrypted. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: Buffer;
}

const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM under the first key, as `keyId.base64url(nonce ‖ ciphertext ‖ tag)`. `context` names what it is, and must
 * be the same to open: a value copied into another row does not open there.
 */
export function encryptSecret(keys: readonly EncryptionKey[], text: string, context: string): string {
  const [current] = keys;
  if (!current) throw new Error('There is no key-encryption key');
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return `${current.id}.${sealed.toString('base64url')}`;
}

/** @throws when the key is not (or no longer) configured, or the value was changed */
export function decryptSecret(keys: readonly EncryptionKey[], stored: string, context: string): string {
  const [id, encoded = ''] = stored.split('.');
  const found = keys.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`The key-encryption key ${id} is not configured`);
  const sealed = Buffer.from(encoded, 'base64url');
  const cipher = createDecipheriv('aes-256-gcm', found.key, sealed.subarray(0, nonceBytes))
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([cipher.update(sealed.subarray(nonceBytes, -tagBytes)), cipher.final()]).toString();
}
