import { defineErrors } from '@nest-arch/platform';

export const routeErrors = defineErrors({
  notFound: { code: 'gateway.route_not_found', status: 404, title: 'There is no such route' },
  unexpectedBody: { code: 'gateway.unexpected_body', status: 400, title: 'This route takes no body' },
});
