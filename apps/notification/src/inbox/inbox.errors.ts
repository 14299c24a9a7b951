import { defineErrors } from '@nest-arch/platform';

export const inboxErrors = defineErrors({
  notFound: { code: 'notification.not_found', status: 404, title: 'There is no such message' },
  invalidCursor: { code: 'notification.invalid_cursor', status: 400, title: 'The cursor is not one of ours' },
  tooManyStreams: {
    code: 'notification.too_many_streams',
    status: 429,
    title: 'Too many streams of this person are open',
  },
});
