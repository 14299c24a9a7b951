import { defineErrors } from '@nest-arch/platform';

export const sessionErrors = defineErrors({
  uncheckable: {
    code: 'gateway.session_check_unavailable',
    status: 503,
    title: 'Whether this session is still good cannot be found out at the moment',
  },
});
