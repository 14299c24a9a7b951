import { z } from 'zod';
import { pageQuery } from './page.js';

/** `<dead-letter topic>:<partition>:<offset>` */
export const deadLetterId = z
  .string()
  .max(250)
  .regex(/^[a-z0-9][\w.-]*\.dlq:\d{1,9}:\d{1,18}$/i, 'must be the id of a dead letter');

const name = z.string().min(1).max(200);

export const deadLetterQuery = z.strictObject({
  limit: pageQuery.limit,
  cursor: deadLetterId.optional(),
  group: name.optional().meta({ description: 'Only letters of this consumer group' }),
  topic: name.optional().meta({ description: 'Only letters of records from this topic' }),
});
export type DeadLetterQuery = z.infer<typeof deadLetterQuery>;

/** A record that a consumer group could not handle. */
export const deadLetter = z.object({
  id: deadLetterId,
  group: z.string(),
  topic: z.string().meta({ description: 'Where the record came from, with its partition and offset' }),
  partition: z.int(),
  offset: z.string(),
  key: z.string(),
  type: z.string(),
  eventId: z.string(),
  reason: z.string(),
  detail: z.string(),
  attempts: z.int(),
  at: z.string().meta({ description: 'When it was given up' }),
});
export type DeadLetterItem = z.infer<typeof deadLetter>;

export const deadLetterPage = z.object({ items: z.array(deadLetter), nextCursor: z.string().nullable() });
export type DeadLetterPage = z.infer<typeof deadLetterPage>;

export const deadLetterDetail = deadLetter.extend({
  headers: z.record(z.string(), z.string()),
  valueBytes: z.int().meta({ description: 'Size of the value as it came; 0 where none is kept' }),
  data: z.unknown().meta({
    description: 'The value as JSON, with what may be personal masked; absent where there is none',
  }),
});
export type DeadLetterDetail = z.infer<typeof deadLetterDetail>;

export const deadLetterResolution = z.object({
  id: deadLetterId,
  resolution: z.enum(['replayed', 'superseded']).meta({
    description: '`superseded`: the topic has a newer state of this key, so the record was not sent again',
  }),
});
export type DeadLetterResolution = z.infer<typeof deadLetterResolution>;
