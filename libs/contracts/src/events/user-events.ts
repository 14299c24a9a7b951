import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { topics } from './topics.js';

/** Where a user came from. Mails react to `self`; an import invites people only when asked. */
export const userSource = z.enum(['self', 'import', 'admin']);
export const userStatus = z.enum(['active', 'disabled', 'erasing']);

const userId = z.uuid();
const version = z.int().positive();
const at = z.iso.datetime();
const exampleId = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';
const exampleTime = '2026-11-23T09:30:00.000Z';
const topic = topics.userEvents;

export const userRegisteredV1 = defineEvent({
  type: 'auth.user.registered.v1',
  topic,
  summary: 'An account was created.',
  data: { userId, version, source: userSource, registeredAt: at },
  fixture: { userId: exampleId, version: 1, source: 'self', registeredAt: exampleTime },
});

export const userEmailVerifiedV1 = defineEvent({
  type: 'auth.user.email_verified.v1',
  topic,
  summary: 'The person proved that the address is theirs.',
  data: { userId, version, source: userSource, verifiedAt: at },
  fixture: { userId: exampleId, version: 2, source: 'self', verifiedAt: exampleTime },
});

export const userRolesChangedV1 = defineEvent({
  type: 'auth.user.roles_changed.v1',
  topic,
  summary: 'Roles were granted or withdrawn.',
  data: { userId, version, granted: z.array(z.string()), withdrawn: z.array(z.string()), changedAt: at },
  fixture: { userId: exampleId, version: 3, granted: ['admin'], withdrawn: [], changedAt: exampleTime },
});

export const userPasswordChangedV1 = defineEvent({
  type: 'auth.user.password_changed.v1',
  topic,
  summary: 'The password was changed or reset.',
  data: { userId, version, changedAt: at },
  fixture: { userId: exampleId, version: 4, changedAt: exampleTime },
});

export const userStatusChangedV1 = defineEvent({
  type: 'auth.user.status_changed.v1',
  topic,
  summary: 'The account was disabled or enabled.',
  data: { userId, version, status: userStatus, changedAt: at },
  fixture: { userId: exampleId, version: 5, status: 'disabled', changedAt: exampleTime },
});

const erasure = { userId, version, erasureId: z.string().min(16), at };
const erasureFixture = { userId: exampleId, version: 6, erasureId: 'er_4Zc9xJm2RrT8uQ1w', at: exampleTime };

export const userErasureDueV1 = defineEvent({
  type: 'auth.user.erasure_due.v1',
  topic,
  summary: 'Every service erases this person now and answers `<service>.user.erased.v1`.',
  data: erasure,
  fixture: erasureFixture,
});

export const userErasedV1 = defineEvent({
  type: 'auth.user.erased.v1',
  topic,
  summary: 'Every service has erased this person.',
  data: erasure,
  fixture: { ...erasureFixture, version: 7 },
});

/** The last known state of an account: what a projection of another service needs. Tombstone on erasure. */
export const userStateV1 = defineEvent({
  type: 'auth.user.state.v1',
  topic: topics.userState,
  summary: 'The account as it is now.',
  data: {
    userId,
    version,
    email: z.string(),
    emailVerified: z.boolean(),
    status: userStatus,
    roles: z.array(z.string()),
    locale: z.string().nullable(),
    region: z.string(),
    source: userSource,
    createdAt: at,
    // Names of the activated registration or import, until auth has seen profile.user.initialised.v1.
    initialProfile: z
      .object({
        displayName: z.string().optional(),
        givenName: z.string().optional(),
        familyName: z.string().optional(),
      })
      .optional(),
  },
  fixture: {
    userId: exampleId,
    version: 2,
    email: 'ada@example.com',
    emailVerified: true,
    status: 'active',
    roles: [],
    locale: 'en',
    region: 'default',
    source: 'self',
    createdAt: exampleTime,
    initialProfile: { displayName: 'Ada Lovelace' },
  },
});

/** Compacted and never tombstoned: outlives a restored backup. */
export const userErasuresV1 = defineEvent({
  type: 'auth.user.erasures.v1',
  topic: topics.erasures,
  summary: 'This person was erased and must not come back.',
  data: { userId, version, erasedAt: at },
  fixture: { userId: exampleId, version: 7, erasedAt: exampleTime },
});
