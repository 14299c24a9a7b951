import { z } from 'zod';

/** What EventSource sends: the id of the last record it has, nothing before the first. */
export const lastEventId = z
  .string()
  .regex(/^\d{1,10}$/, 'Must be the id of a record of this stream')
  .transform(Number)
  .optional();
