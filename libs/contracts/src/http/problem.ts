import { z } from 'zod';

/** RFC 9457 problem details as this platform answers them; the media type is application/problem+json. */
export const problem = z.object({
  type: z.string().meta({ description: 'A URI that names the kind of problem' }),
  title: z.string(),
  status: z.int(),
  code: z.string().meta({ description: 'Stable name of the problem, listed in docs/errors.md' }),
  detail: z.string().optional(),
  traceId: z.string(),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .meta({ description: 'What is wrong with which field' }),
});
export type Problem = z.infer<typeof problem>;
