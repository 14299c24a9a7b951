import { defineErrors } from '@nest-arch/platform';

export const passwordErrors = defineErrors({
  tooShort: { code: 'auth.password_too_short', status: 422, title: 'The password is too short' },
  busy: { code: 'auth.busy', status: 503, title: 'Too many passwords are being checked at the moment' },
});
