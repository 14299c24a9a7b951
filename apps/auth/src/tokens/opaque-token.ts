import { createHash, randomBytes } from 'node:crypto';

/** What an opaque token is for; a token of one kind is not read as another. */
export type TokenPrefix = 'ev' | 'rt';

const userIdBytes = 16;
const secretBytes = 32;
const encodedLength = ((userIdBytes + secretBytes) * 8) / 6;

export interface OpaqueToken {
  readonly text: string;
  /** Names the shard; proves nothing. */
  readonly userId: string;
  /** The part that nobody can guess. */
  readonly secret: Buffer;
  /** SHA-256 of the whole text: what the database knows. 256 random bits need no slow hash. */
  readonly hash: Buffer;
}

/** A new token: `prefix_base64url(userId ‖ 32 random bytes)`. */
export function issueToken(prefix: TokenPrefix, userId: string): OpaqueToken {
  const secret = randomBytes(secretBytes);
  const body = Buffer.concat([Buffer.from(userId.replaceAll('-', ''), 'hex'), secret]);
  return describe(`${prefix}_${body.toString('base64url')}`, userId, secret);
}

/** The parts of a token that somebody sent; null when it cannot be one of ours. */
export function parseToken(prefix: TokenPrefix, text: string): OpaqueToken | null {
  const encoded = text.startsWith(`${prefix}_`) ? text.slice(prefix.length + 1) : '';
  if (encoded.length !== encodedLength || !/^[\w-]+$/.test(encoded)) return null;
  const body = Buffer.from(encoded, 'base64url');
  const hex = body.subarray(0, userIdBytes).toString('hex');
  const userId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return describe(text, userId, body.subarray(userIdBytes));
}

function describe(text: string, userId: string, secret: Buffer): OpaqueToken {
  return { text, userId, secret, hash: createHash('sha256').update(text).digest() };
}
