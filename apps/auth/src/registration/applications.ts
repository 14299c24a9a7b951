import { type Tx, uuidv7 } from '@nest-arch/database';
import { Inject, Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { Challenges } from '../challenges/challenges.js';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { issueToken } from '../tokens/opaque-token.js';
import { NewUsers } from '../users/new-users.js';
import { keepPace } from '../users/stand-in.js';
import type { User } from '../users/user.entity.js';
import { claimAddress, lockUser } from '../users/users.queries.js';
import { insertAttempt } from './registration.queries.js';

/** An application for an address. */
export interface Application {
  identifierHash: Buffer;
  email: string;
  passwordHash: string;
  displayName: string | null;
  locale: string | null;
}

interface Applied {
  user: User;
  application: Application;
  isNew: boolean;
  /** Whether the address may get one more mail this hour. */
  mayMail: boolean;
}

/** Decides what an application for an address comes to. Each branch has as many statements as the others. */
@Injectable()
export class Applications {
  constructor(
    private readonly newUsers: NewUsers,
    private readonly challenges: Challenges,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'REGION' | 'VERIFICATION_TTL_SECONDS'>,
  ) {}

  async apply(tx: Tx, application: Application): Promise<void> {
    const newId = uuidv7();
    const { identifierHash } = application;
    const userId = await claimAddress(tx, { identifierHash, userId: newId, region: this.config.REGION });
    const isNew = userId === newId;
    const user = isNew
      ? await this.newUsers.create(tx, { userId, ...application })
      : await this.findOwner(tx, userId);
    const mayMail = await this.challenges.mayMail(tx, identifierHash);
    const applied = { user, application, isNew, mayMail };
    await (user.emailVerifiedAt ? this.tellOwner(tx, applied) : this.startVerification(tx, applied));
  }

  private async findOwner(tx: Tx, userId: string): Promise<User> {
    const user = await lockUser(tx, userId);
    if (!user) throw new Error(`The directory names a user who does not exist: ${userId}`);
    await keepPace(tx, this.newUsers.extraStatements);
    return user;
  }

  /** A further attempt under the same user; the mail's token activates this one alone. */
  private async startVerification(tx: Tx, { user, application, isNew, mayMail }: Applied): Promise<void> {
    const { userId } = user;
    const { email, passwordHash, displayName, locale } = application;
    const token = issueToken('ev', userId);
    const jwe = await this.challenges.seal(email, token.text);
    const ttlSeconds = this.config.VERIFICATION_TTL_SECONDS;
    const attempt = { userId, tokenHash: token.hash, passwordHash, displayName, locale, ttlSeconds };
    // Without a mail nobody could ever activate the attempt, except the first one, which a later mail can renew.
    if (mayMail || isNew) await insertAttempt(tx, attempt);
    else await keepPace(tx);
    const action = isNew ? 'registration.started' : 'registration.repeated';
    await recordAudit(tx, { userId, action, actor: 'anonymous', details: { mailed: mayMail } });
    if (!mayMail) return keepPace(tx);
    await this.challenges.issue(tx, { userId, purpose: 'email_verification', locale, ttlSeconds, jwe });
  }

  /** The address belongs to a proven account: its owner learns of the try, the caller does not. */
  private async tellOwner(
    tx: Tx,
    { user: { userId, locale }, application, mayMail }: Applied,
  ): Promise<void> {
    const jwe = await this.challenges.seal(application.email);
    const ttlSeconds = this.config.VERIFICATION_TTL_SECONDS;
    await keepPace(tx);
    const details = { mailed: mayMail };
    await recordAudit(tx, { userId, action: 'registration.address_taken', actor: 'anonymous', details });
    if (!mayMail) return keepPace(tx);
    await this.challenges.issue(tx, { userId, purpose: 'address_taken', locale, ttlSeconds, jwe });
  }
}
