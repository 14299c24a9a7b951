import type { RawHeader } from './headers.js';

/** A record as it goes to Kafka. `value` null is a tombstone. `topic` is the contract's name, without prefix. */
export interface WireRecord {
  topic: string;
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers: Record<string, RawHeader>;
  partition?: number;
}
