import type { RelayOptions } from './outbox/relay.js';

export interface MessagingOptions {
  /** Name of the app: Kafka client id, CloudEvents source, default consumer group. */
  appName: string;
  brokers: string[];
  /** Put before every topic and group name; tests that share a broker use it. */
  topicPrefix?: string | undefined;
  /** `false`: this process writes to the outbox and leaves sending to others. */
  relay?: RelayOptions | false;
}

export const MESSAGING_OPTIONS = Symbol('MESSAGING_OPTIONS');
