/** The only file of the workspace that imports kafkajs: another client is swapped in here. */
import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import type {
  Admin,
  Consumer,
  ConsumerConfig,
  EachBatchPayload,
  Kafka,
  KafkaMessage,
  Producer,
} from 'kafkajs';
import { kafkaLogCreator } from './kafka-logger.js';

export type { Admin, Consumer, ConsumerConfig, EachBatchPayload, Kafka, KafkaMessage, Producer };
export const { ConfigResourceTypes, Partitioners } = kafkajs;

export interface KafkaOptions {
  brokers: string[];
  clientId: string;
  /** Milliseconds until a request counts as failed. */
  requestTimeoutMs?: number;
  /** Attempts inside kafkajs after the first one. Callers here have their own retry, so few. */
  retries?: number;
}

export function createKafka(options: KafkaOptions): Kafka {
  stopIdleTimer();
  return new kafkajs.Kafka({
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: 2_000,
    requestTimeout: options.requestTimeoutMs ?? 10_000,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: kafkaLogCreator,
    retry: { retries: options.retries ?? 2, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
}

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  throttledUntil: number;
  pending: unknown[];
  checkPendingRequests(): void;
}

let idleTimerStopped = false;

/**
 * kafkajs 2.2.4 arms its "check pending requests" timer after every check, with nothing pending and a negative
 * delay: on Node 24 a TimeoutNegativeWarning, on every Node a timer that fires each millisecond per connection for
 * ever (https://github.com/tulios/kafkajs/issues/1751, fixes unmerged). Here it is armed only when a request waits.
 */
function stopIdleTimer(): void {
  if (idleTimerStopped) return;
  idleTimerStopped = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: object };
  Object.assign(prototype, {
    scheduleCheckPendingRequests(this: RequestQueue) {
      if (this.throttleCheckTimeoutId || this.pending.length === 0) return;
      const waitMs = Math.max(this.throttledUntil - Date.now(), 10);
      this.throttleCheckTimeoutId = setTimeout(() => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      }, waitMs);
    },
  });
}
