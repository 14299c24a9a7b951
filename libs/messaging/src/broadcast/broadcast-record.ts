import type { KafkaMessage } from '../kafka/kafka-client.js';
import { header, readHeaders, type Headers } from '../wire/headers.js';

/** A record as every replica gets it. Not checked against a contract. */
export interface BroadcastRecord {
  /** Without prefix. */
  topic: string;
  partition: number;
  offset: string;
  key: string;
  /** CloudEvents type, empty when the record has none. */
  type: string;
  headers: Headers;
  /** The parsed JSON; null for a tombstone; undefined when it is no JSON. */
  data: unknown;
  /** Broker time of the record, in milliseconds. */
  timestamp: number;
  /** As it came from Kafka. */
  message: KafkaMessage;
}

/** `topic` without prefix. */
export function toBroadcastRecord(topic: string, partition: number, message: KafkaMessage): BroadcastRecord {
  const headers = readHeaders(message.headers);
  let parsed: { data: unknown } | undefined;
  return {
    topic,
    partition,
    offset: message.offset,
    key: message.key?.toString() ?? '',
    type: headers[header.type] ?? '',
    headers,
    // Of most records that pass by nobody looks at the value.
    get data() {
      parsed ??= { data: parse(message.value) };
      return parsed.data;
    },
    timestamp: Number(message.timestamp),
    message,
  };
}

function parse(value: Buffer | null): unknown {
  if (value === null) return null;
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}
