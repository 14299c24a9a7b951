import { defineErrors } from '@nest-arch/platform';

export const userErrors = defineErrors({
  notFound: { code: 'users.not_found', status: 404, title: 'There is no such person' },
});

export const profileErrors = defineErrors({
  notReady: { code: 'profile.not_ready', status: 503, title: 'The profile is still being made' },
  stale: { code: 'profile.stale', status: 412, title: 'The profile has changed since it was read' },
});
