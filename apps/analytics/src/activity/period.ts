import type { AnalyticsQuery } from '@nest-arch/contracts';
import { activityErrors } from './activity.errors.js';

/** Days as YYYY-MM-DD, both included. */
export interface Period {
  from: string;
  to: string;
}

const dayMs = 86_400_000;
const defaultDays = 30;
const maxDays = 366;
/** What the query may name; a computed first day stays there too. */
const firstDay = '1970-01-01';

/** @throws analytics.invalid_period */
export function periodOf(query: AnalyticsQuery, now: Date): Period {
  const to = query.to ?? dayOf(now.getTime());
  const from =
    query.from ?? dayOf(Math.max(Date.parse(firstDay), Date.parse(to) - (defaultDays - 1) * dayMs));
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
  if (days < 1 || days > maxDays) throw activityErrors.invalidPeriod();
  return { from, to };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
