import type { FastifyInstance } from 'fastify';
import { Histogram, register } from 'prom-client';

/** Time of HTTP requests by route and status class (OpenTelemetry name in Prometheus spelling). */
export function measureRequests(fastify: FastifyInstance): void {
  const duration =
    (register.getSingleMetric('http_server_request_duration_seconds') as Histogram | undefined) ??
    new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    duration.observe(
      { method: request.method, route, status: `${Math.floor(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1000,
    );
    done();
  });
}
