import {
  type AnalyticsQuery,
  type AnalyticsSummary,
  analyticsQuery,
  analyticsSummary,
} from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import { Access, ApiDoc, Clock } from '@nest-arch/platform';
import { Controller, Get, Header, Query } from '@nestjs/common';
import { activityErrors } from './activity.errors.js';
import { type Day, findDays } from './activity.queries.js';
import { periodOf } from './period.js';

@Controller('v1/admin/analytics')
export class SummaryController {
  constructor(
    private readonly db: Db,
    private readonly clock: Clock,
  ) {}

  @Get('summary')
  @Access('role', 'admin')
  @Header('cache-control', 'no-store')
  @ApiDoc({
    summary: 'Count sign-ups, verified addresses and active people by day',
    description: 'Days in UTC, both ends included; the last 30 without a period, at most 366.',
    response: analyticsSummary,
    problems: [activityErrors.invalidPeriod],
  })
  async summary(@Query({ schema: analyticsQuery }) query: AnalyticsQuery): Promise<AnalyticsSummary> {
    const days = await findDays(this.db, periodOf(query, this.clock.now()));
    return { days, totals: { signUps: sumOf(days, 'signUps'), verified: sumOf(days, 'verified') } };
  }
}

// Active people have no total: who was there on two days would count twice.
function sumOf(days: readonly Day[], count: 'signUps' | 'verified'): number {
  return days.reduce((sum, day) => sum + day[count], 0);
}
