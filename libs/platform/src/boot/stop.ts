import type { Server } from 'node:net';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { BaseConfig } from '../config/base-config.js';
import { HealthRegistry } from '../health/health-registry.js';

interface Stoppable {
  readonly app: NestFastifyApplication;
  readonly management: Server;
  readonly config: Readonly<BaseConfig>;
  /** Settles when the app listens, or cannot start. */
  readonly started: Promise<void>;
  readonly beforeExit: () => Promise<void>;
}

/**
 * Ends the process without a failed request: not ready, a pause in which balancers notice, no new connections, running
 * work finished, then out. A second signal, or a parent that has gone, does not wait for the pause.
 */
export function stopOnSignals(parts: Stoppable): void {
  let stopping: Promise<void> | undefined;
  const stopOnce = (pauseMs: number) => (stopping ??= stop(parts, pauseMs));
  process.on('SIGTERM', () => void stopOnce(parts.config.DRAIN_DELAY_MS));
  process.on('SIGINT', () => void stopOnce(0));
  if (parts.config.EXIT_WITH_PARENT) process.on('disconnect', () => void stopOnce(0));
  process.on('unhandledRejection', (reason) => {
    // Work that nobody waited for has failed. Say it; ending the process would fail everybody else's.
    new Logger('Process').error({ err: reason }, 'Unhandled rejection');
  });
}

async function stop(
  { app, management, config, started, beforeExit }: Stoppable,
  pauseMs: number,
): Promise<void> {
  const logger = new Logger('Boot');
  app.get(HealthRegistry).drain();
  logger.log('Stopping: finishing what runs');
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  const overdue = setTimeout(() => {
    logger.error(`Not stopped after ${config.SHUTDOWN_GRACE_MS} ms; ending anyway`);
    process.exit(1);
  }, config.SHUTDOWN_GRACE_MS);
  overdue.unref();
  try {
    // Closing what still starts would start the rest of it on what is closed already. A start that fails ends by itself.
    await started;
    await app.close();
    management.close();
    await beforeExit();
  } catch (error) {
    logger.error({ err: error }, 'Stopping failed');
    process.exit(1);
  } finally {
    clearTimeout(overdue);
  }
  process.exit(0);
}
