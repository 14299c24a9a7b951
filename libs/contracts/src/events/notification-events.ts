import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { growing } from './growing.js';
import { topics } from './topics.js';

const userId = z.uuid();
const at = z.iso.datetime();
const channel = growing('email', 'inbox');
const exampleId = '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e';
const exampleMessage = '01998d3f-2222-7b3c-9d4e-5f6071829304';
const exampleTime = '2026-11-23T09:30:00.000Z';
const topic = topics.deliveryEvents;

export const messageAcceptedV1 = defineEvent({
  type: 'notification.message.accepted.v1',
  topic,
  summary: 'A message for a person was decided and will be delivered.',
  data: { messageId: z.uuid(), userId, type: z.string(), channels: z.array(channel), acceptedAt: at },
  fixture: {
    messageId: exampleMessage,
    userId: exampleId,
    type: 'account.welcome',
    channels: ['inbox'],
    acceptedAt: exampleTime,
  },
});

export const messageSentV1 = defineEvent({
  type: 'notification.message.sent.v1',
  topic,
  summary: 'The mail server, or the inbox, has the message.',
  data: { messageId: z.uuid(), userId, type: z.string(), channel, sentAt: at },
  fixture: {
    messageId: exampleMessage,
    userId: exampleId,
    type: 'account.email_verification',
    channel: 'email',
    sentAt: exampleTime,
  },
});

export const messageFailedV1 = defineEvent({
  type: 'notification.message.failed.v1',
  topic,
  summary: 'The message was given up.',
  data: { messageId: z.uuid(), userId, type: z.string(), channel, reason: z.string(), failedAt: at },
  fixture: {
    messageId: exampleMessage,
    userId: exampleId,
    type: 'account.email_verification',
    channel: 'email',
    reason: 'smtp_550',
    failedAt: exampleTime,
  },
});

const erased = { userId, erasureId: z.string(), erasedAt: at };
const erasedFixture = { userId: exampleId, erasureId: 'er_4Zc9xJm2RrT8uQ1w', erasedAt: exampleTime };

export const notificationErasedV1 = defineEvent({
  type: 'notification.user.erased.v1',
  topic,
  summary: 'The notification service has erased this person.',
  data: erased,
  fixture: erasedFixture,
});

export const analyticsErasedV1 = defineEvent({
  type: 'analytics.user.erased.v1',
  topic: topics.analyticsEvents,
  summary: 'The analytics service has erased this person.',
  data: erased,
  fixture: erasedFixture,
});
