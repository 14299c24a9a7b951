import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { NodeSDK, resources, tracing } from '@opentelemetry/sdk-node';
import type { Tracing } from './init-tracing.js';

/** Starts the OpenTelemetry SDK. Endpoint and headers come from the standard OTEL_EXPORTER_OTLP_* variables. */
export function startExporter(name: string, sampleRatio: number): Tracing {
  const ratio = new tracing.TraceIdRatioBasedSampler(sampleRatio);
  const sdk = new NodeSDK({
    serviceName: `nest-arch-${name}`,
    resource: resources.defaultResource(),
    textMapPropagator: new W3CTraceContextPropagator(),
    // A trace id of our own making is a local parent; the ratio judges by the id, so all spans of a trace agree.
    sampler: new tracing.ParentBasedSampler({ root: ratio, localParentSampled: ratio }),
    traceExporter: new OTLPTraceExporter(),
    // No auto-instrumentation: its HTTP part alone costs 3 to 5 times the CPU of a light route. Spans are made by hand.
    instrumentations: [],
    metricReaders: [],
  });
  sdk.start();
  return { shutdown: () => sdk.shutdown() };
}
