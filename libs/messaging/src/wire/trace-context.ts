import { ROOT_CONTEXT, context, propagation, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { contextFrom } from '@nest-arch/platform';
import { header, type Headers } from './headers.js';

/** The W3C headers of what runs now, to travel with an event. Empty when nothing is traced. */
export function currentTraceHeaders(): Headers {
  const carrier: Headers = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** The context that a record's headers continue; a new trace for a record without. */
export function traceContextOf(headers: Headers): Context {
  const remote = propagation.extract(ROOT_CONTEXT, {
    traceparent: headers[header.traceparent],
    tracestate: headers[header.tracestate],
  });
  return trace.getSpanContext(remote) ? remote : contextFrom(undefined);
}
