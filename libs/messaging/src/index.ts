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
export { isErased, markErased } from './inbox/erased-users.js';
export { InboxPartitions } from './inbox/inbox-partitions.js';
export { MessagingModule } from './messaging.module.js';
export { messagingMigrations } from './migrations/index.js';
export { MESSAGING_OPTIONS, type MessagingOptions } from './options.js';
export { EventContractError, Outbox, type EventOptions } from './outbox/outbox.js';
export { Publisher, type PublisherOptions } from './outbox/publisher.js';
export { Relay, type RelayOptions } from './outbox/relay.js';
export { createTopics, type CreateTopicsOptions, type TopicChanges } from './topics/create-topics.js';
export { deadLetterTopic } from './topics/names.js';
export { deadLetterHeader } from './wire/dead-letter-headers.js';
export { header } from './wire/headers.js';
