import type { INestApplicationContext } from '@nestjs/common';
import { Db } from '@nest-arch/database';
import { HealthRegistry } from '@nest-arch/platform';
import { InboxPartitions } from '../inbox/inbox-partitions.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import { PlatformKafkaServer, type EventServerOptions } from './platform-kafka-server.js';

/**
 * The transport for `app.connectMicroservice({ strategy })` that feeds the app's @OnEvent handlers. Registers its health
 * checks. One per consumer group.
 */
export function createEventServer(
  app: INestApplicationContext,
  options: EventServerOptions = {},
): PlatformKafkaServer {
  const messaging = app.get<MessagingOptions>(MESSAGING_OPTIONS, { strict: false });
  const { appName, brokers, topicPrefix = '' } = messaging;
  const db = app.get(Db, { strict: false });
  const partitions = app.get(InboxPartitions, { strict: false });
  const server = new PlatformKafkaServer({ db, partitions, appName, brokers, topicPrefix }, options);
  const health = app.get(HealthRegistry, { strict: false });
  health.register(`consumer ${server.group}`, () => server.checkLive(), 'live');
  health.register(`topics of ${server.group}`, () => server.checkReady(), 'ready');
  return server;
}
