import type { Problem } from '@nest-arch/contracts';
import type { AppError } from './app-error.js';

export const problemMediaType = 'application/problem+json; charset=utf-8';

/** Base of the `type` URIs; each resolves to the entry of docs/errors.md. */
export const problemTypeBase = 'https://nest-arch.dev/errors#';

/** RFC 9457 body of an error. */
export function toProblem(error: AppError, traceId: string): Problem {
  return {
    type: `${problemTypeBase}${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    traceId,
    ...(error.extra.fields ? { errors: [...error.extra.fields] } : {}),
  };
}

/** Headers that belong to a problem. */
export function problemHeaders(error: AppError): Record<string, string> {
  return {
    'content-type': problemMediaType,
    'cache-control': 'no-store',
    ...(error.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(error.extra.retryAfterSeconds === undefined
      ? {}
      : { 'retry-after': String(Math.max(1, Math.ceil(error.extra.retryAfterSeconds))) }),
    ...error.extra.headers,
  };
}
