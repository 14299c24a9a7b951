export { BroadcastConsumer, type BroadcastOptions } from './broadcast-consumer.js';
export type { BroadcastRecord } from './broadcast-record.js';
