import type { IncomingHttpHeaders } from 'node:http';
import { currentTraceId } from '@nest-arch/platform';
import { context, trace } from '@opentelemetry/api';

/** By what a request is found again. */
export interface RequestIds {
  readonly traceId: string;
  /** W3C traceparent for whatever this request causes. */
  readonly traceparent: string | undefined;
  /** The caller's own id where it sent a decent one, else the trace id. */
  readonly requestId: string;
}

const decent = /^[\w.-]{8,64}$/;

/** Of the request that runs. */
export function idsOf(headers: IncomingHttpHeaders): RequestIds {
  const span = trace.getSpanContext(context.active());
  const traceId = span?.traceId ?? currentTraceId();
  return {
    traceId,
    traceparent: span && `00-${span.traceId}-${span.spanId}-0${span.traceFlags & 1}`,
    requestId: requestIdOf(headers, traceId),
  };
}

export function requestIdOf(headers: IncomingHttpHeaders, traceId: string): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && decent.test(given) ? given : traceId;
}
