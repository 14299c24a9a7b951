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
