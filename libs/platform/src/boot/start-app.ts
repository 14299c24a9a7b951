import type { AddressInfo, Server } from 'node:net';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { collectDefaultMetrics } from 'prom-client';
import type { BaseConfig } from '../config/base-config.js';
import { HealthRegistry } from '../health/health-registry.js';
import { createManagementServer } from '../health/management-server.js';
import { initTracing } from '../tracing/init-tracing.js';
import { type AppOptions, createApp } from './create-app.js';
import { stopOnSignals } from './stop.js';

/** Starts an app of the platform and keeps it running until SIGTERM. A boot that fails ends the process with 1. */
export async function startApp(options: AppOptions): Promise<NestFastifyApplication> {
  try {
    return await boot(options);
  } catch (error) {
    // The logger may not exist yet; a configuration error is text for people.
    process.stderr.write(
      `${options.name} cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  }
}

async function boot(options: AppOptions): Promise<NestFastifyApplication> {
  const { config, name } = options;
  const tracing = await initTracing(name, config);
  collectDefaultMetrics();
  const app = await createApp(options);
  // The management port answers first; nobody may be sent here before the other one does.
  let listening = false;
  app.get(HealthRegistry).register('http', () => requireListening(listening), 'ready');
  const management = await listenForManagement(app, config);
  const started = listen(app, config);
  stopOnSignals({ app, management, config, started, beforeExit: () => tracing.shutdown() });
  await started;
  listening = true;
  new Logger('Boot').log(`${name} listens on ${await app.getUrl()}, management on ${portOf(management)}`);
  return app;
}

async function listen(app: NestFastifyApplication, config: Readonly<BaseConfig>): Promise<void> {
  await app.startAllMicroservices();
  await app.listen(config.PORT, config.HOST);
}

function requireListening(listening: boolean): void {
  if (!listening) throw new Error('not listening yet');
}

async function listenForManagement(
  app: NestFastifyApplication,
  config: Readonly<BaseConfig>,
): Promise<Server> {
  const server = createManagementServer({
    health: app.get(HealthRegistry),
    checks: await app.resolve(HealthCheckService),
    indicators: app.get(HealthIndicatorService, { strict: false }),
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.MANAGEMENT_PORT, config.HOST, resolve);
  });
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
