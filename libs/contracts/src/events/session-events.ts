import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { growing } from './growing.js';
import { topics } from './topics.js';

const userId = z.uuid();
const sessionId = z.uuid();
const at = z.iso.datetime();
const exampleId = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';
const exampleSession = '01998d3d-5be0-7d0a-8c52-90f3a1b2c3d4';
const exampleTime = '2026-11-23T09:30:00.000Z';
const topic = topics.sessionEvents;

export const sessionStartedV1 = defineEvent({
  type: 'auth.session.started.v1',
  topic,
  summary: 'The person signed in.',
  data: { userId, sessionId, method: growing('password', 'magic_link', 'passkey'), startedAt: at },
  fixture: { userId: exampleId, sessionId: exampleSession, method: 'password', startedAt: exampleTime },
});

export const sessionRefreshedV1 = defineEvent({
  type: 'auth.session.refreshed.v1',
  topic,
  summary: 'The session was used; at most one record per session and five minutes.',
  data: { userId, sessionId, refreshedAt: at },
  fixture: { userId: exampleId, sessionId: exampleSession, refreshedAt: exampleTime },
});

export const sessionEndedV1 = defineEvent({
  type: 'auth.session.ended.v1',
  topic,
  summary: 'The session is over.',
  data: {
    userId,
    sessionId,
    reason: growing('logout', 'revoked', 'expired', 'token_reuse', 'password_changed', 'disabled', 'erased'),
    endedAt: at,
  },
  fixture: { userId: exampleId, sessionId: exampleSession, reason: 'logout', endedAt: exampleTime },
});

export const signInFailedV1 = defineEvent({
  type: 'auth.sign_in.failed.v1',
  topic,
  summary: 'A sign-in to an existing account was refused.',
  data: {
    userId,
    reason: growing('wrong_password', 'email_unverified', 'disabled'),
    failedAt: at,
  },
  fixture: { userId: exampleId, reason: 'wrong_password', failedAt: exampleTime },
});

/**
 * A token is refused when any live record matches: its `sid`, or its `userId` with `ver < minVer` and a session
 * other than `exceptSid`. Either `sid` or `minVer` is present. `canary` records carry neither; they show that the
 * topic moves and what time the broker has.
 */
export const sessionRevokedV1 = defineEvent({
  type: 'auth.session.revoked.v1',
  topic: topics.revocations,
  summary: 'Tokens of one session, or all older ones of a user, are refused from now on.',
  data: {
    userId: userId.optional(),
    sid: sessionId.optional(),
    minVer: z.int().nonnegative().optional(),
    exceptSid: sessionId.optional(),
    canary: z.boolean().optional(),
    revokedAt: at,
  },
  fixture: { userId: exampleId, sid: exampleSession, revokedAt: exampleTime },
});

/** What a one-time token is for. */
const challengePurposes = [
  'email_verification',
  'address_taken',
  'password_reset',
  'magic_link',
  'email_change',
  'security_notice',
] as const;
export type ChallengePurpose = (typeof challengePurposes)[number];

/** Plain text inside `jwe`: for the notification service alone. */
export const challengeSecret = z.object({ recipient: z.string(), token: z.string().optional() });
export type ChallengeSecret = z.infer<typeof challengeSecret>;

export const challengeIssuedV1 = defineEvent({
  type: 'auth.challenge.issued.v1',
  topic: topics.challenges,
  summary:
    'A mail with a one-time token is due. Recipient and token are readable by the notification service alone.',
  data: {
    challengeId: z.uuid(),
    userId,
    purpose: growing(...challengePurposes),
    locale: z.string().nullable(),
    expiresAt: at,
    // Compact JWE, ECDH-ES+A256KW / A256GCM, of a `challengeSecret`.
    jwe: z.string(),
  },
  fixture: {
    challengeId: '01998d3e-1111-7a2b-8c3d-4e5f60718293',
    userId: exampleId,
    purpose: 'email_verification',
    locale: 'en',
    expiresAt: '2026-11-24T09:30:00.000Z',
    jwe: 'eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.a.b.c.d',
  },
});
