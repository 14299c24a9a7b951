import { defineErrors } from '@nest-arch/platform';

export const verificationErrors = defineErrors({
  tokenInvalid: {
    code: 'auth.token_invalid',
    status: 400,
    title: 'The link is unknown, used or expired',
  },
  passwordMismatch: {
    code: 'auth.password_mismatch',
    status: 403,
    title: 'The password is not the one of this registration',
  },
});
