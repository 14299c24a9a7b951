import 'reflect-metadata';
import { Controller, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EventDefinition } from '@nest-arch/contracts';
import { DatabaseModule, Db } from '@nest-arch/database';
import {
  createEventServer,
  createProjectionServer,
  type EventContext,
  type EventServerOptions,
  MessagingModule,
  type MessagingOptions,
  OnEvent,
  Outbox,
  type PlatformKafkaServer,
} from '@nest-arch/messaging';
import { createAdapter, HealthRegistry } from '@nest-arch/platform';
import { Directory } from './directory.ts';
import { poolSize } from './world.ts';

export interface BenchHandler {
  event: EventDefinition<never>;
  group?: string;
  handle(data: never, context: EventContext): Promise<void>;
}

export interface ServiceOptions {
  url: string;
  messaging: MessagingOptions;
  handlers?: BenchHandler[];
  servers?: EventServerOptions[];
  projection?: Directory;
}

export interface BenchService {
  app: NestFastifyApplication;
  db: Db;
  outbox: Outbox;
  servers: PlatformKafkaServer[];
  stop(): Promise<void>;
}

class Health {}
class BenchModule {}

/** A service as ours are made, in this process: database, outbox, relay, event servers. */
export async function startService({
  url,
  messaging,
  handlers = [],
  servers = [],
  projection,
}: ServiceOptions): Promise<BenchService> {
  const health = { module: Health, global: true, providers: [HealthRegistry], exports: [HealthRegistry] };
  const module = {
    module: BenchModule,
    imports: [
      health,
      DatabaseModule.forRoot({ url, poolSize }),
      MessagingModule.forRoot({ ...messaging, ...(projection && { projections: [Directory] }) }),
    ],
    controllers: [controllerOf(handlers)],
    providers: projection ? [{ provide: Directory, useValue: projection }] : [],
  };
  const app = await NestFactory.create<NestFastifyApplication>(module, createAdapter(), {
    logger: ['error', 'warn'],
    bodyParser: false,
    abortOnError: false,
  });
  const made = servers.map((options) => createEventServer(app, options));
  for (const strategy of made) app.connectMicroservice({ strategy });
  if (projection) app.connectMicroservice({ strategy: createProjectionServer(app, Directory) });
  await app.startAllMicroservices();
  await app.init();
  return {
    app,
    db: app.get(Db, { strict: false }),
    outbox: app.get(Outbox, { strict: false }),
    servers: made,
    stop: () => app.close(),
  };
}

/** A controller as decorators would make it, which these sources, run by Node as they are, cannot have. */
function controllerOf(handlers: BenchHandler[]): Type {
  class BenchController {}
  for (const [index, { event, group, handle }] of handlers.entries()) {
    const name = `handle${index}`;
    const descriptor = { value: handle, writable: true, configurable: true };
    Object.defineProperty(BenchController.prototype, name, descriptor);
    Payload()(BenchController.prototype, name, 0);
    Ctx()(BenchController.prototype, name, 1);
    OnEvent(event, group ? { group } : {})(BenchController.prototype, name, descriptor);
  }
  Controller()(BenchController);
  return BenchController;
}
