import { ROOT_CONTEXT, context, propagation } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { header, type Headers } from './headers.js';

/** The W3C headers of what runs now, to travel with an event. Empty when nothing is traced. */
export function currentTraceHeaders(): Headers {
  const carrier: Headers = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** The context that a record's headers continue. */
export function traceContextOf(headers: Headers): Context {
  return propagation.extract(ROOT_CONTEXT, {
    traceparent: headers[header.traceparent],
    tracestate: headers[header.tracestate],
  });
}
