import {
  SpanKind,
  SpanStatusCode,
  context as otel,
  trace,
  type Attributes,
  type Context,
  type Link,
} from '@opentelemetry/api';

const tracer = trace.getTracer('@nest-arch/messaging');

interface ProcessSpan {
  name: string;
  attributes: Attributes;
  parent: Context;
  /** Asked only when the span is recorded. */
  links?(): Link[];
}

/** Runs the work inside a `process` span of the OpenTelemetry messaging conventions. */
export async function inProcessSpan<T>(
  { name, attributes, parent, links }: ProcessSpan,
  work: () => Promise<T>,
): Promise<T> {
  const common = {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
  };
  const options = { kind: SpanKind.CONSUMER, attributes: { ...common, ...attributes } };
  const span = tracer.startSpan(name, options, parent);
  if (links && span.isRecording()) span.addLinks(links());
  try {
    return await otel.with(trace.setSpan(parent, span), work);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'Error' });
    throw error;
  } finally {
    span.end();
  }
}
