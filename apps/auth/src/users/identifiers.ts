import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';

/** Hashes addresses for the directory and the counters. Keyed, so that a copy of the tables cannot be searched by guesses. */
@Injectable()
export class Identifiers {
  constructor(@Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'IDENTIFIER_HMAC_KEY'>) {}

  /** HMAC-SHA-256 of an address in the form that contracts' `emailAddress` gives it. */
  hash(address: string): Buffer {
    return createHmac('sha256', this.config.IDENTIFIER_HMAC_KEY).update(address).digest();
  }
}

/**
 * An id that stands for an address that belongs to nobody: what is done for a user is done for it too, at the same cost,
 * and the audit log can count tries at one unknown address. UUIDv8, so it never meets a user's id.
 */
export function standInId(identifierHash: Buffer): string {
  const bytes = Buffer.from(identifierHash.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
