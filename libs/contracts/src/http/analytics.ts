import { z } from 'zod';

export const analyticsQuery = z.strictObject({
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
});
export type AnalyticsQuery = z.infer<typeof analyticsQuery>;

/** Daily counts in UTC, oldest first. `active` counts people, not visits. */
export const analyticsSummary = z.object({
  days: z.array(z.object({ day: z.iso.date(), signUps: z.int(), verified: z.int(), active: z.int() })),
  totals: z.object({ signUps: z.int(), verified: z.int() }),
});
export type AnalyticsSummary = z.infer<typeof analyticsSummary>;
