export { BroadcastConsumer, type BroadcastOptions, type BroadcastRecord } from './broadcast-consumer.js';
