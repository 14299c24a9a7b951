import { defineErrors } from '@nest-arch/platform';

export const sessionErrors = defineErrors({
  invalidCredentials: {
    code: 'auth.invalid_credentials',
    status: 401,
    title: 'The address or the password is wrong, or the address is not confirmed yet',
  },
  emailUnverified: { code: 'auth.email_unverified', status: 403, title: 'The address is not verified yet' },
  disabled: { code: 'auth.disabled', status: 403, title: 'The account is disabled' },
  tooManyTries: {
    code: 'auth.too_many_tries',
    status: 429,
    title: 'Too many tries to sign in with this address',
  },
  refreshTokenInvalid: {
    code: 'auth.refresh_token_invalid',
    status: 401,
    title: 'The refresh token is unknown, used, expired or revoked',
  },
  notFound: { code: 'session.not_found', status: 404, title: 'No such session' },
});
