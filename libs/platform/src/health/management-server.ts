import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { register } from 'prom-client';
import type { HealthKind, HealthRegistry } from './health-registry.js';

export interface ManagementParts {
  readonly health: HealthRegistry;
  readonly checks: HealthCheckService;
  readonly indicators: HealthIndicatorService;
}

/** Health for the orchestrator and metrics for Prometheus, on a port of their own that is never public. */
export function createManagementServer(parts: ManagementParts): Server {
  return createServer((request, response) => {
    answer(parts, request, response).catch(() => respond(response, 500, 'text/plain', 'error'));
  });
}

async function answer(
  parts: ManagementParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://local').pathname;
  if (request.method !== 'GET') return respond(response, 405, 'text/plain', 'GET only');
  if (path === '/metrics') return respond(response, 200, register.contentType, await register.metrics());
  if (path === '/health/live') return answerHealth(parts, 'live', response);
  if (path === '/health/ready') return answerHealth(parts, 'ready', response);
  return respond(response, 404, 'text/plain', 'not found');
}

async function answerHealth(
  parts: ManagementParts,
  kind: HealthKind,
  response: ServerResponse,
): Promise<void> {
  if (kind === 'ready' && parts.health.isDraining) {
    return respond(response, 503, 'application/json', JSON.stringify({ status: 'shutting_down' }));
  }
  const { status, body } = await runChecks(parts, kind);
  respond(response, status, 'application/json', JSON.stringify(body));
}

async function runChecks({ health, checks, indicators }: ManagementParts, kind: HealthKind) {
  const functions = health.of(kind).map(({ name, check }) => async () => {
    const indicator = indicators.check(name);
    try {
      await check();
      return indicator.up();
    } catch (error) {
      return indicator.down({ reason: error instanceof Error ? error.message : 'unknown' });
    }
  });
  try {
    return { status: 200, body: await checks.check(functions) };
  } catch (error) {
    // Terminus throws its 503; what it found is in the response of the exception.
    const body: unknown = (error as { getResponse?: () => unknown }).getResponse?.() ?? { status: 'error' };
    return { status: 503, body };
  }
}

function respond(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
