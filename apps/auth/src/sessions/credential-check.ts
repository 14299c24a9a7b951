import type { LoginBody } from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { replaceHash } from '../passwords/passwords.queries.js';
import { Identifiers } from '../users/identifiers.js';
import { standInId } from '../users/stand-in.js';
import { findUserId } from '../users/users.queries.js';
import type { SignInFailure } from './session-events.js';
import { sessionErrors } from './sessions.errors.js';
import { countTry } from './sign-in-throttle.queries.js';
import { type Credentials, findCredentials } from './sign-in.queries.js';

export interface CheckedCredentials {
  identifierHash: Buffer;
  /** A stand-in where nobody has the address. */
  userId: string;
  /** Null where nobody has the address. */
  account: Credentials | null;
  /** Null when the password is right and the account may be used. */
  failure: SignInFailure | null;
}

/** Judges address and password, at the same cost for known and unknown addresses. */
@Injectable()
export class CredentialCheck {
  constructor(
    private readonly db: Db,
    private readonly hasher: PasswordHasher,
    private readonly identifiers: Identifiers,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** @throws auth.too_many_tries, auth.busy */
  async check({ email, password }: LoginBody): Promise<CheckedCredentials> {
    const identifierHash = this.identifiers.hash(email);
    await this.count(identifierHash);
    const userId = (await findUserId(this.db, identifierHash)) ?? standInId(identifierHash);
    const account = await findCredentials(this.db, userId);
    // An unknown address must cost as much time as a wrong password, or the response time tells a stranger who has an
    // account. So we verify against a decoy when there is no user, or one that has registered and not verified yet.
    const hash = account?.passwordHash ?? null;
    const matches = await this.hasher.verify(hash ?? this.hasher.decoyHash, password);
    const isRight = matches && hash !== null;
    return {
      identifierHash,
      userId,
      account,
      failure: isRight ? this.reasonToRefuse(account) : 'wrong_password',
    };
  }

  /** Replaces a hash that was made with weaker parameters, now that the password is at hand. */
  async strengthen({ userId, account }: CheckedCredentials, password: string): Promise<void> {
    const from = account?.passwordHash;
    if (!from || !this.hasher.isWeak(from) || this.hasher.isBusy) return;
    await replaceHash(this.db, { userId, from, to: await this.hasher.hash(password) });
  }

  private reasonToRefuse(account: Credentials | null): SignInFailure | null {
    if (account?.status !== 'active') return 'disabled';
    return account.isVerified || !this.config.REQUIRE_VERIFIED_EMAIL ? null : 'email_unverified';
  }

  private async count(identifierHash: Buffer): Promise<void> {
    const waitSeconds = await countTry(this.db, identifierHash, {
      freeTries: this.config.SIGN_IN_FREE_TRIES,
      firstWaitSeconds: this.config.SIGN_IN_FIRST_WAIT_SECONDS,
      longestWaitSeconds: this.config.SIGN_IN_LONGEST_WAIT_SECONDS,
      forgetSeconds: this.config.SIGN_IN_FORGET_SECONDS,
    });
    if (waitSeconds > 0) throw sessionErrors.tooManyTries(undefined, { retryAfterSeconds: waitSeconds });
  }
}
