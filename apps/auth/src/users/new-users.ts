import type { Tx } from '@nest-arch/database';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { setPassword } from '../passwords/passwords.queries.js';
import { UserEvents } from './user-events.js';
import type { User } from './user.entity.js';
import { insertUser } from './users.queries.js';

export interface SelfRegistration {
  userId: string;
  email: string;
  passwordHash: string;
  displayName: string | null;
  locale: string | null;
}

/** Creates users who register themselves. */
@Injectable()
export class NewUsers {
  constructor(
    private readonly events: UserEvents,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** What `create` costs beyond the user's row: two events, and the password where it is active at once. */
  get extraStatements(): number {
    return this.config.REQUIRE_VERIFIED_EMAIL ? 2 : 3;
  }

  async create(
    tx: Tx,
    { userId, email, passwordHash, displayName, locale }: SelfRegistration,
  ): Promise<User> {
    // Before the address is proven, names and password are a claim of whoever typed them; unless nothing has to be proven.
    const isActive = !this.config.REQUIRE_VERIFIED_EMAIL;
    const initialProfile = isActive && displayName !== null ? { displayName } : null;
    const { REGION: region } = this.config;
    const user = await insertUser(tx, { userId, email, locale, region, source: 'self', initialProfile });
    if (isActive) await setPassword(tx, userId, passwordHash);
    await this.events.registered(tx, user);
    return user;
  }
}
