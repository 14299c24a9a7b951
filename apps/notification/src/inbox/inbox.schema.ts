import { z } from 'zod';

/** The body may be left out. */
export const readAllBody = z
  .strictObject({
    upTo: z.int().min(0).max(2_147_483_647).optional().meta({ description: 'Newer items stay unread' }),
  })
  .optional();
export type ReadAllBody = z.infer<typeof readAllBody>;

/** What EventSource sends: the id of the last record it has, nothing before the first. */
export const lastEventId = z
  .string()
  .regex(/^\d{1,10}$/, 'Must be the id of a record of this stream')
  .transform(Number)
  .optional();
