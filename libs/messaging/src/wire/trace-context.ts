import { ROOT_CONTEXT, context, propagation, trace } from '@opentelemetry/api';
import type { Context, Link } from '@opentelemetry/api';
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
  const remote = storedContext(headers);
  return trace.getSpanContext(remote) ? remote : contextFrom(undefined);
}

/** A link to the span in which a record was made; undefined for a record without. */
export function linkTo(headers: Headers): Link | undefined {
  const context = trace.getSpanContext(storedContext(headers));
  return context && { context };
}

function storedContext(headers: Headers): Context {
  return propagation.extract(ROOT_CONTEXT, {
    traceparent: headers[header.traceparent],
    tracestate: headers[header.tracestate],
  });
}
