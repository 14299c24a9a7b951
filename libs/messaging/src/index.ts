export type { AppCommand } from './commands/app-command.js';
export { runAppCommand } from './commands/run-app-command.js';
export { createEventServer } from './consumer/create-event-server.js';
export { PermanentError, type EventContext } from './consumer/event-context.js';
export { DeadlineExceededError, classify, type FailureKind } from './consumer/failures.js';
export { OnEvent } from './consumer/on-event.js';
export {
  PlatformKafkaServer,
  type EventServerOptions,
  type EventServerParts,
} from './consumer/platform-kafka-server.js';
export * from './dead-letters/index.js';
export { DeadLettersModule } from './dead-letters/dead-letters.module.js';
export { isErased, markErased } from './inbox/erased-users.js';
export { InboxPartitions } from './inbox/inbox-partitions.js';
export { MessagingModule } from './messaging.module.js';
export { messagingMigrations } from './migrations/index.js';
export { MESSAGING_OPTIONS, type MessagingOptions } from './options.js';
export { ClockSkew } from './outbox/clock-skew.js';
export { EventContractError, Outbox, type EventOptions } from './outbox/outbox.js';
export { Publisher, type PublisherOptions } from './outbox/publisher.js';
export { Relay, type RelayOptions } from './outbox/relay.js';
export { StateComparison, type ComparisonParts } from './state/comparison.js';
export { StateSnapshot, type SnapshotParts, type SnapshotRun } from './state/snapshot.js';
export { stateSource, type OwnedState, type StateRow, type StateSource } from './state/state-source.js';
export { createTopics, type CreateTopicsOptions, type TopicChanges } from './topics/create-topics.js';
export { deadLetterTopic } from './topics/names.js';
export { deadLetterHeader } from './wire/dead-letter-headers.js';
export { header } from './wire/headers.js';
export { createProjectionServer, ProjectionServer } from './projections/projection-server.js';
export type { ProjectionServerOptions } from './projections/generation-reader.js';
export { adoptTables, createProjection } from './projections/migrations.js';
export type { Projection } from './projections/projection.js';
export {
  onEvents,
  onStates,
  type CurrentState,
  type GoneState,
  type ProjectedEvent,
  type ProjectionBatch,
  type ProjectionRead,
  type States,
} from './projections/reads.js';
