import { defineErrors } from '@nest-arch/platform';

export const activityErrors = defineErrors({
  invalidPeriod: {
    code: 'analytics.invalid_period',
    status: 400,
    title: 'The period must run forwards and have at most 366 days',
  },
});
