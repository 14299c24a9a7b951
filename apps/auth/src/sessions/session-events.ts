import {
  type EventData,
  sessionEndedV1,
  sessionRefreshedV1,
  sessionRevokedV1,
  sessionStartedV1,
  signInFailedV1,
} from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { Outbox } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { Injectable } from '@nestjs/common';
import type { EndReason, Session } from './session.entity.js';

/** Why a sign-in was refused. */
export type SignInFailure = 'wrong_password' | 'email_unverified' | 'disabled';
export type Revocation = Pick<EventData<typeof sessionRevokedV1>, 'sid' | 'minVer' | 'exceptSid'>;

/** What is announced of sessions, in the transaction of the change. */
@Injectable()
export class SessionEvents {
  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  started(
    tx: Tx,
    { userId, sessionId, method }: Pick<Session, 'userId' | 'sessionId' | 'method'>,
  ): Promise<void> {
    const data = { userId, sessionId, method, startedAt: this.now() };
    return this.outbox.add(tx, sessionStartedV1, data, { key: userId });
  }

  refreshed(tx: Tx, userId: string, sessionId: string): Promise<void> {
    const data = { userId, sessionId, refreshedAt: this.now() };
    return this.outbox.add(tx, sessionRefreshedV1, data, { key: userId });
  }

  ended(
    tx: Tx,
    userId: string,
    { sessionId, reason }: { sessionId: string; reason: EndReason },
  ): Promise<void> {
    const data = { userId, sessionId, reason, endedAt: this.now() };
    return this.outbox.add(tx, sessionEndedV1, data, { key: userId });
  }

  /** Sent by this process right after the commit: every gateway refuses the tokens within a second. */
  revoked(tx: Tx, userId: string, revocation: Revocation): Promise<void> {
    const data = { userId, ...revocation, revokedAt: this.now() };
    return this.outbox.add(tx, sessionRevokedV1, data, { key: userId, urgent: true });
  }

  signInFailed(tx: Tx, userId: string, reason: SignInFailure): Promise<void> {
    return this.outbox.add(tx, signInFailedV1, { userId, reason, failedAt: this.now() }, { key: userId });
  }

  private now(): string {
    return this.clock.now().toISOString();
  }
}
