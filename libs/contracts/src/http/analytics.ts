import { z } from 'zod';

// PostgreSQL knows no year 0 (which ISO 8601 has), and nothing was counted before 1970. As a pattern, so that OpenAPI says it.
const day = z.iso.date().regex(/^(19[7-9]\d|[2-9]\d{3})-/, 'must be a day of the years 1970 to 9999');

export const analyticsQuery = z.strictObject({
  from: day.optional(),
  to: day.optional(),
});
export type AnalyticsQuery = z.infer<typeof analyticsQuery>;

/** Daily counts in UTC, oldest first. `active` counts people, not visits. */
export const analyticsSummary = z.object({
  days: z.array(z.object({ day: z.iso.date(), signUps: z.int(), verified: z.int(), active: z.int() })),
  totals: z.object({ signUps: z.int(), verified: z.int() }),
});
export type AnalyticsSummary = z.infer<typeof analyticsSummary>;
