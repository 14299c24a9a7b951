import type { AppError } from '@nest-arch/platform';
import { proxyErrors } from './proxies.errors.js';

/** Nothing was sent: nobody listens, or no such host. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The connection broke before an answer began; often an idle one that the service closed at the same moment. */
const brokeOff = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** True where the same request may find a better connection. */
export function isConnectionFailure(error: Error): boolean {
  return neverConnected.has(codeOf(error)) || brokeOff.has(codeOf(error));
}

/** What the caller learns when there was no answer to pass on. */
export function toProxyError(error: Error): AppError {
  if (neverConnected.has(codeOf(error))) {
    return proxyErrors.upstreamUnavailable(undefined, { retryAfterSeconds: 1 });
  }
  return proxyErrors.upstreamFailed();
}
