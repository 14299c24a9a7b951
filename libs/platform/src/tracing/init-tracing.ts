import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { BaseConfig } from '../config/base-config.js';

export interface Tracing {
  shutdown(): Promise<void>;
}

/**
 * Makes trace context travel through the process, with or without an exporter: ids in logs, answers and events cost
 * next to nothing. Spans are recorded and sent only when OTEL_EXPORTER_OTLP_ENDPOINT is set; then the SDK is loaded.
 */
export async function initTracing(
  name: string,
  config: Pick<BaseConfig, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_TRACES_SAMPLE_RATIO'>,
): Promise<Tracing> {
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) {
    const { startExporter } = await import('./exporter.js');
    return startExporter(name, config.OTEL_TRACES_SAMPLE_RATIO);
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return { shutdown: async () => {} };
}
