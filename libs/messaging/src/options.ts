import type { Type } from '@nestjs/common';
import type { RelayOptions } from './outbox/relay.js';
import type { Projection } from './projections/projection.js';
import type { OwnedState } from './state/state-source.js';
import type { StateUpkeepOptions } from './state/state-upkeep.js';

export interface MessagingOptions {
  /** Name of the app: Kafka client id, CloudEvents source, default consumer group. */
  appName: string;
  brokers: string[];
  /** Put before every topic and group name; tests that share a broker use it. */
  topicPrefix?: string | undefined;
  /** `false`: this process writes to the outbox and leaves sending to others. */
  relay?: RelayOptions | false;
  /** The state topics that this app owns. */
  states?: readonly OwnedState[];
  /** What the owner does for them by itself; `false`: nothing, as in a process without relay. */
  upkeep?: StateUpkeepOptions | false;
  /** Declared projections, each also given to `createProjectionServer`. They must be providers of the app. */
  projections?: readonly Type<Projection>[];
}

export const MESSAGING_OPTIONS = Symbol('MESSAGING_OPTIONS');
