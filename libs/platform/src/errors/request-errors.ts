import { defineErrors } from './app-error.js';

/** What any route can answer before a feature has a say. */
export const requestErrors = defineErrors({
  invalid: { code: 'request.invalid', status: 400, title: 'The request does not have the right form' },
  malformedBody: {
    code: 'request.malformed_body',
    status: 400,
    title: 'The body is not valid JSON in UTF-8',
  },
  malformed: { code: 'request.malformed', status: 400, title: 'The request cannot be read' },
  unauthenticated: { code: 'request.unauthenticated', status: 401, title: 'A valid access token is needed' },
  forbidden: { code: 'request.forbidden', status: 403, title: 'This account may not do that' },
  notFound: { code: 'request.not_found', status: 404, title: 'There is nothing at this address' },
  methodNotAllowed: {
    code: 'request.method_not_allowed',
    status: 405,
    title: 'This address does not take that method',
  },
  timeout: { code: 'request.timeout', status: 408, title: 'The request did not arrive in time' },
  tooLarge: { code: 'request.too_large', status: 413, title: 'The body is too large' },
  uriTooLong: { code: 'request.uri_too_long', status: 414, title: 'The address is too long' },
  unsupportedMediaType: {
    code: 'request.unsupported_media_type',
    status: 415,
    title: 'The content type is not supported',
  },
  expectationFailed: {
    code: 'request.expectation_failed',
    status: 417,
    title: 'The Expect header asks for something that does not exist',
  },
  preconditionRequired: {
    code: 'request.precondition_required',
    status: 428,
    title: 'An If-Match header is needed',
  },
  headersTooLarge: { code: 'request.headers_too_large', status: 431, title: 'The headers are too large' },
  internal: { code: 'request.internal_error', status: 500, title: 'Something went wrong on our side' },
  unavailable: { code: 'request.unavailable', status: 503, title: 'The service cannot answer at the moment' },
});

/** Idempotency-Key, draft-ietf-httpapi-idempotency-key-header. */
export const idempotencyErrors = defineErrors({
  weakKey: {
    code: 'idempotency.key_too_short',
    status: 400,
    title: 'The Idempotency-Key needs at least 128 bits',
  },
  running: {
    code: 'idempotency.still_running',
    status: 409,
    title: 'The first request with this key is still running',
  },
  reused: {
    code: 'idempotency.key_reused',
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
  },
});
