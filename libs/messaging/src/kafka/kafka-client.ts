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
import { quickenEncoder, type EncoderClass } from './quick-encoder.js';
import { kafkaLogCreator } from './kafka-logger.js';

export type { Admin, Consumer, ConsumerConfig, EachBatchPayload, Kafka, KafkaMessage, Producer };
export const { ConfigResourceTypes, Partitioners } = kafkajs;

export interface KafkaOptions {
  brokers: string[];
  clientId: string;
  /** Milliseconds until a connection counts as failed. Default 2 s. */
  connectTimeoutMs?: number;
  /** Milliseconds until a request counts as failed. */
  requestTimeoutMs?: number;
  /** Attempts inside kafkajs after the first one. Callers here have their own retry, so few. */
  retries?: number;
}

export function createKafka(options: KafkaOptions): Kafka {
  mendKafkajs();
  return new kafkajs.Kafka({
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: options.connectTimeoutMs ?? 2_000,
    requestTimeout: options.requestTimeoutMs ?? 10_000,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: kafkaLogCreator,
    retry: { retries: options.retries ?? 2, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
}

let mended = false;

function mendKafkajs(): void {
  if (mended) return;
  mended = true;
  const require = createRequire(import.meta.url);
  const { prototype: queue } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: object };
  const { prototype: group } = require('kafkajs/src/consumer/consumerGroup.js') as { prototype: object };
  mend(queue, 'scheduleCheckPendingRequests', scheduleCheckPendingRequests);
  const { prototype: decoder } = require('kafkajs/src/protocol/decoder.js') as { prototype: object };
  mend(group, 'recoverFromOffsetOutOfRange', recoverFromOffsetOutOfRange);
  mend(decoder, 'readVarIntArray', readVarIntArray);
  quickenEncoder(require('kafkajs/src/protocol/encoder.js') as EncoderClass);
}

function mend(prototype: object, method: string, by: (...args: never[]) => unknown): void {
  if (!(method in prototype))
    throw new Error(`kafkajs has no ${method} any more: look at what mendKafkajs mends`);
  Object.assign(prototype, { [method]: by });
}

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  throttledUntil: number;
  pending: unknown[];
  checkPendingRequests(): void;
}

/**
 * kafkajs 2.2.4 arms its "check pending requests" timer after every check, with nothing pending and a negative
 * delay: on Node 24 a TimeoutNegativeWarning, on every Node a timer that fires each millisecond per connection for
 * ever (https://github.com/tulios/kafkajs/issues/1751, fixes unmerged). Here it is armed only when a request waits.
 */
function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId || this.pending.length === 0) return;
  const waitMs = Math.max(this.throttledUntil - Date.now(), 10);
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, waitMs);
}

/**
 * When the next record is gone, kafkajs 2.2.4 commits "the earliest there is" over the group's offset and goes on there:
 * nobody can tell afterwards that records were missed. Here its consumer ends, and whoever makes the next one judges.
 */
function recoverFromOffsetOutOfRange(error: Error): Promise<never> {
  return Promise.reject(error);
}

interface ReceivedHeader {
  key: string;
  value: Buffer | null;
}

/**
 * kafkajs 2.2.4 copies all headers of a record that it has read for each one more: ten thousand of them, which fit into
 * 100 KiB, hold the process up for 17 s, longer than its group waits for it, and so for ever. The list that it folds is one
 * of headers alone; here it folds itself, with the same result.
 */
function readVarIntArray<D extends { readVarInt(): number }>(this: D, read: (decoder: D) => ReceivedHeader) {
  const list = Array.from({ length: Math.max(0, this.readVarInt()) }, () => read(this));
  return Object.assign(list, { reduce: () => headersOf(list) });
}

function headersOf(list: ReceivedHeader[]): Record<string, unknown> {
  const headers: Record<string, unknown> = {};
  for (const { key, value } of list) {
    if (key === '__proto__' || Object.hasOwn(headers, key)) return repeatedHeadersOf(list);
    headers[key] = value;
  }
  return headers;
}

function repeatedHeadersOf(list: ReceivedHeader[]): Record<string, unknown> {
  const byName = [...Map.groupBy(list, ({ key }) => key)];
  const valueOf = (same: ReceivedHeader[]) =>
    same.length > 1 ? same.map(({ value }) => value) : same[0]?.value;
  return Object.fromEntries(byName.map(([name, same]) => [name, valueOf(same)]));
}
