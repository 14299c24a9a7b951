import { HttpException } from '@nestjs/common';
import { AppError, type ErrorFactory } from './app-error.js';
import { requestErrors } from './request-errors.js';

/** Fastify's and Node's own refusals, by their codes. */
const byCode: Record<string, ErrorFactory> = {
  FST_ERR_CTP_INVALID_JSON_BODY: requestErrors.malformedBody,
  FST_ERR_CTP_EMPTY_JSON_BODY: requestErrors.malformedBody,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: requestErrors.malformed,
  FST_ERR_CTP_BODY_TOO_LARGE: requestErrors.tooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: requestErrors.unsupportedMediaType,
  FST_ERR_CTP_INVALID_TYPE: requestErrors.unsupportedMediaType,
  FST_ERR_BAD_URL: requestErrors.malformed,
  FST_ERR_ASYNC_CONSTRAINT: requestErrors.malformed,
  FST_ERR_MAX_PARAM_LENGTH: requestErrors.uriTooLong,
  HPE_HEADER_OVERFLOW: requestErrors.headersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: requestErrors.timeout,
};

const byStatus: Record<number, ErrorFactory> = {
  400: requestErrors.malformed,
  401: requestErrors.unauthenticated,
  403: requestErrors.forbidden,
  404: requestErrors.notFound,
  405: requestErrors.methodNotAllowed,
  408: requestErrors.timeout,
  413: requestErrors.tooLarge,
  414: requestErrors.uriTooLong,
  415: requestErrors.unsupportedMediaType,
  417: requestErrors.expectationFailed,
  431: requestErrors.headersTooLarge,
  503: requestErrors.unavailable,
};

/** What an outsider learns of an error. `unexpected` is true for faults of ours, which belong in the log. */
export function toAppError(error: unknown): { error: AppError; unexpected: boolean } {
  if (error instanceof AppError) return { error, unexpected: false };
  const factory = byCode[textOf(error, 'code')] ?? byStatus[statusOf(error)];
  if (factory) return { error: factory(), unexpected: false };
  if (isDatabaseAway(error))
    return { error: requestErrors.unavailable(undefined, { retryAfterSeconds: 1 }), unexpected: true };
  return { error: requestErrors.internal(), unexpected: true };
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}

// By name, because this door of the library does not know the database.
function isDatabaseAway(error: unknown): boolean {
  return textOf(error, 'name') === 'DatabaseUnavailableError' || textOf(error, 'code') === 'ECONNREFUSED';
}

function textOf(error: unknown, property: string): string {
  const value = (error as Record<string, unknown> | null | undefined)?.[property];
  return typeof value === 'string' ? value : '';
}
