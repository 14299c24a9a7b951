import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  type AppError,
  currentTraceId,
  problemHeaders,
  requestErrors,
  toAppError,
  toProblem,
} from '@nest-arch/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestIdOf } from './request-ids.js';
import { securityHeaders } from './security-headers.js';

interface Ids {
  readonly traceId: string;
  readonly requestId: string;
}

/** Writes a problem past Fastify, where a reply was taken over or none exists. */
export function writeProblem(
  response: ServerResponse,
  error: AppError,
  ids: Ids,
  more: Readonly<Record<string, string>> = {},
): void {
  const { headers, body } = render(error, ids);
  response.writeHead(error.status, { ...headers, ...more });
  response.end(body);
}

/** Fastify's `frameworkErrors`: what its router refuses before any hook. */
export function answerFrameworkError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const traceId = currentTraceId();
  reply.hijack();
  const ids = { traceId, requestId: requestIdOf(request.raw.headers, traceId) };
  writeProblem(reply.raw, toAppError(error).error, ids);
}

/** Fastify's `clientErrorHandler`: what Node's parser could not read, so that there is no request at all. */
export function answerClientError(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const refusal = refusalOf(error);
  const traceId = currentTraceId();
  const { headers, body } = render(refusal, { traceId, requestId: traceId });
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const statusLine = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`;
  socket.end(`${[statusLine, ...lines].join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/**
 * Node's `checkExpectation`: an Expect that is not 100-continue (RFC 9110 section 10.1.1). Node would answer without a
 * body. The caller may be waiting to send its own, so the connection is of no further use.
 */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const traceId = currentTraceId();
  const ids = { traceId, requestId: requestIdOf(request.headers, traceId) };
  writeProblem(response, requestErrors.expectationFailed(), ids, { connection: 'close' });
}

function refusalOf(error: NodeJS.ErrnoException & { rawPacket?: Buffer }): AppError {
  if (error.code !== 'HPE_HEADER_OVERFLOW') {
    return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? requestErrors.timeout() : requestErrors.malformed();
  }
  // Node counts the address among the headers: a first line without an end is an address that is too long.
  const isFirstLine = error.rawPacket && /^[A-Z]{3,10} \S+$/.test(error.rawPacket.toString('latin1'));
  return isFirstLine ? requestErrors.uriTooLong() : requestErrors.headersTooLarge();
}

function render(error: AppError, { traceId, requestId }: Ids) {
  const body = JSON.stringify(toProblem(error, traceId));
  const headers: Record<string, string> = {
    ...securityHeaders,
    ...problemHeaders(error),
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
  };
  return { headers, body };
}
