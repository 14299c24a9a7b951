import { randomFillSync } from 'node:crypto';
import { type Context, ROOT_CONTEXT, context, propagation, trace } from '@opentelemetry/api';

/** Trace id of whatever runs at the moment, 32 hex digits; a fresh one outside of any trace. */
export function currentTraceId(): string {
  return trace.getSpanContext(context.active())?.traceId ?? randomHex(16);
}

/** W3C `traceparent` of whatever runs at the moment. */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** The context of a `traceparent` from outside; a new trace when it is absent or broken. */
export function contextFrom(traceparent: string | undefined): Context {
  const remote = propagation.extract(ROOT_CONTEXT, { traceparent });
  if (trace.getSpanContext(remote)) return remote;
  // Also without an exporter: the trace id is what binds logs, answers and events of one cause together.
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: randomHex(16),
    spanId: randomHex(8),
    traceFlags: 1,
    // Ours, not a caller's verdict: whether this trace is sampled is still the sampler's to say.
    isRemote: false,
  });
}

/** Runs `fn` in the trace that a stored `traceparent` names. */
export function runWithTrace<T>(traceparent: string | undefined, fn: () => T): T {
  return context.with(contextFrom(traceparent), fn);
}

// Filled for many ids at once: a call for each costs more than all the rest of a request's tracing.
const pool = Buffer.alloc(16 * 1024);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
