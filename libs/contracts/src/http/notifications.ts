import { z } from 'zod';
import { pageQuery } from './page.js';

/** One item of the inbox, rendered in the reader's language when it is read. */
export const notificationItem = z.object({
  id: z.uuid(),
  sequence: z.int().meta({ description: "The person's own counter; items and read marks take the next" }),
  type: z.string(),
  title: z.string(),
  body: z.string(),
  createdAt: z.iso.datetime(),
  readAt: z.iso.datetime().nullable(),
});
export type NotificationItem = z.infer<typeof notificationItem>;

export const notificationQuery = z.strictObject({
  ...pageQuery,
  unread: z.enum(['true', 'false']).optional(),
});
export type NotificationQuery = z.infer<typeof notificationQuery>;

export const notificationPage = z.object({
  items: z.array(notificationItem),
  nextCursor: z.string().nullable(),
  prevCursor: z.string().nullable(),
  lastSequence: z.int().meta({ description: 'Start the stream with this as Last-Event-ID' }),
});
export type NotificationPage = z.infer<typeof notificationPage>;

export const unreadCount = z.object({ unread: z.int(), lastSequence: z.int() });
export type UnreadCount = z.infer<typeof unreadCount>;

/** The body may be left out. */
export const readAllBody = z
  .strictObject({
    upTo: z.int().min(0).max(2_147_483_647).optional().meta({ description: 'Newer items stay unread' }),
  })
  .optional();
export type ReadAllBody = z.infer<typeof readAllBody>;

/** `data` of a stream record; its SSE id is the sequence. */
export const streamRecord = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('item'), item: notificationItem }),
  z.object({ kind: z.literal('read'), id: z.uuid(), sequence: z.int(), readAt: z.iso.datetime() }),
  z.object({ kind: z.literal('read_all'), upTo: z.int(), sequence: z.int(), readAt: z.iso.datetime() }),
]);
export type StreamRecord = z.infer<typeof streamRecord>;
