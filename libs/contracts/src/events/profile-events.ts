import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { topics } from './topics.js';

const userId = z.uuid();
const version = z.int().positive();
const at = z.iso.datetime();
const exampleId = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';
const exampleTime = '2026-11-23T09:30:00.000Z';
const topic = topics.profileEvents;

/** Who may read a field. */
export const visibility = z.enum(['public', 'signed_in', 'private', 'admin']);
export type Visibility = z.infer<typeof visibility>;

export const profileCreatedV1 = defineEvent({
  type: 'profile.user.created.v1',
  topic,
  summary: 'The person has a profile.',
  data: { userId, version, createdAt: at },
  fixture: { userId: exampleId, version: 1, createdAt: exampleTime },
});

export const profileInitialisedV1 = defineEvent({
  type: 'profile.user.initialised.v1',
  topic,
  summary: 'The names given at registration are in the profile; auth may forget them.',
  data: { userId, version, initialisedAt: at },
  fixture: { userId: exampleId, version: 2, initialisedAt: exampleTime },
});

export const profileUpdatedV1 = defineEvent({
  type: 'profile.user.updated.v1',
  topic,
  summary: 'Fields of the profile changed.',
  data: { userId, version, changedFields: z.array(z.string()).min(1), updatedAt: at },
  fixture: { userId: exampleId, version: 3, changedFields: ['displayName'], updatedAt: exampleTime },
});

export const profileErasedV1 = defineEvent({
  type: 'profile.user.erased.v1',
  topic,
  summary: 'The profile service has erased this person.',
  data: { userId, erasureId: z.string(), erasedAt: at },
  fixture: { userId: exampleId, erasureId: 'er_4Zc9xJm2RrT8uQ1w', erasedAt: exampleTime },
});

/** The last known profile. Tombstone on erasure. */
export const profileStateV1 = defineEvent({
  type: 'profile.user.state.v1',
  topic: topics.profileState,
  summary: 'The profile as it is now, each field with who may read it.',
  data: {
    userId,
    version,
    displayName: z.string().nullable(),
    givenName: z.string().nullable(),
    familyName: z.string().nullable(),
    locale: z.string().nullable(),
    timeZone: z.string().nullable(),
    bio: z.string().nullable(),
    visibility: z.record(z.string(), visibility),
    updatedAt: at,
  },
  fixture: {
    userId: exampleId,
    version: 3,
    displayName: 'Ada Lovelace',
    givenName: 'Ada',
    familyName: 'Lovelace',
    locale: 'en',
    timeZone: 'Europe/London',
    bio: null,
    visibility: { displayName: 'public', givenName: 'signed_in', familyName: 'signed_in' },
    updatedAt: exampleTime,
  },
});
