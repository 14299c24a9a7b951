import type { KafkaMessage } from '../kafka/kafka-client.js';

/** A record with where it came from. `topic` is the contract's name, without prefix. */
export interface Incoming {
  topic: string;
  partition: number;
  message: KafkaMessage;
}

export interface PartitionId {
  topic: string;
  partition: number;
}

export function partitionKey({ topic, partition }: PartitionId): string {
  return `${topic}/${partition}`;
}

export function nextOffset(offset: string): string {
  return String(BigInt(offset) + 1n);
}
