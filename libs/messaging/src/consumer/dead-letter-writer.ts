import { topics } from '@nest-arch/contracts';
import type { Publisher } from '../outbox/publisher.js';
import { deadLetterTopic } from '../topics/names.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import { rawHeaders } from '../wire/headers.js';
import { RecordRefusedError, describeFailure, type FailureKind } from './failures.js';
import type { Incoming } from './incoming.js';

const stateTopics = new Set<string>(
  Object.values(topics)
    .filter((topic) => topic.kind === 'state')
    .map((topic) => topic.name),
);

export interface Failure {
  error: unknown;
  kind: FailureKind;
  attempts: number;
}

/** Puts a record that cannot be handled on the group's dead-letter topic, unchanged, with headers that say why. */
export class DeadLetterWriter {
  constructor(
    private readonly publisher: Publisher,
    private readonly group: string,
  ) {}

  /** Resolves when every in-sync replica has the dead letter; only then may the offset move. */
  async write({ topic, partition, message }: Incoming, { error, kind, attempts }: Failure): Promise<void> {
    await this.publisher.send([
      {
        topic: deadLetterTopic(topic, this.group),
        key: message.key,
        // A state record is personal data that compaction must be able to forget: its coordinates are enough, for the
        // topic still has it, or something newer.
        value: stateTopics.has(topic) ? null : message.value,
        headers: {
          ...rawHeaders(message.headers),
          [deadLetterHeader.topic]: topic,
          [deadLetterHeader.partition]: String(partition),
          [deadLetterHeader.offset]: message.offset,
          [deadLetterHeader.group]: this.group,
          [deadLetterHeader.reason]: error instanceof RecordRefusedError ? error.reason : kind,
          [deadLetterHeader.detail]: describeFailure(error),
          [deadLetterHeader.attempts]: String(attempts),
          [deadLetterHeader.at]: new Date().toISOString(),
        },
      },
    ]);
  }
}
