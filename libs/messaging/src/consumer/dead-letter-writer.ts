import { topics } from '@nest-arch/contracts';
import { brokerErrorType } from '../kafka/kafka-errors.js';
import type { Publisher } from '../outbox/publisher.js';
import { deadLetterTopic } from '../topics/names.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import { header, rawHeaders, readHeaders, type RawHeader } from '../wire/headers.js';
import type { WireRecord } from '../wire/wire-record.js';
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

type Part = 'value' | 'headers' | 'key';

/**
 * What a letter leaves out where the whole is too large for its topic, whose limit may be below that of the record's own:
 * less each time, until what is left fits under any limit. Without it the record's partition would wait for ever.
 */
const omissions: readonly (readonly Part[])[] = [
  [],
  ['value'],
  ['value', 'headers'],
  ['value', 'headers', 'key'],
];
const tooLarge: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** Of a CloudEvents header that stays when the others go. */
const longestHeader = 1_000;

/**
 * Puts a record that cannot be handled on the group's dead-letter topic, unchanged, with headers that say why. Parts for
 * which there is no room are named in `x-dlq-omitted`.
 */
export class DeadLetterWriter {
  constructor(
    private readonly publisher: Publisher,
    private readonly group: string,
  ) {}

  /** Resolves when every in-sync replica has the dead letter; only then may the offset move. */
  async write(incoming: Incoming, failure: Failure): Promise<void> {
    for (const omitted of omissions) {
      try {
        await this.publisher.send([this.letter(incoming, failure, omitted)]);
        return;
      } catch (error) {
        const mayShrink = tooLarge.has(brokerErrorType(error) ?? '') && omitted !== omissions.at(-1);
        if (!mayShrink) throw error;
      }
    }
  }

  private letter(
    { topic, partition, message }: Incoming,
    { error, kind, attempts }: Failure,
    omitted: readonly Part[],
  ): WireRecord {
    // A state record is personal data that compaction must be able to forget: its coordinates are enough, for the topic
    // still has it, or something newer.
    const hasValue = !stateTopics.has(topic) && !omitted.includes('value');
    return {
      topic: deadLetterTopic(topic, this.group),
      key: omitted.includes('key') ? null : message.key,
      value: hasValue ? message.value : null,
      headers: {
        ...(omitted.includes('headers') ? mainHeaders(message.headers) : ownHeaders(message.headers)),
        [deadLetterHeader.topic]: topic,
        [deadLetterHeader.partition]: String(partition),
        [deadLetterHeader.offset]: message.offset,
        [deadLetterHeader.group]: this.group,
        [deadLetterHeader.reason]: error instanceof RecordRefusedError ? error.reason : kind,
        [deadLetterHeader.detail]: describeFailure(error),
        [deadLetterHeader.attempts]: String(attempts),
        [deadLetterHeader.at]: new Date().toISOString(),
        ...(omitted.length > 0 && { [deadLetterHeader.omitted]: omitted.join() }),
      },
    };
  }
}

/** All, except those of dead letters: one that came with the record could close another letter. */
function ownHeaders(headers: Incoming['message']['headers']): Record<string, RawHeader> {
  const own = Object.entries(rawHeaders(headers)).filter(([name]) => !name.startsWith('x-dlq-'));
  return Object.fromEntries(own);
}

/** Those that the contract knows, if they are as short as ours are. */
function mainHeaders(headers: Incoming['message']['headers']): Record<string, string> {
  const known = new Set<string>(Object.values(header));
  const main = Object.entries(readHeaders(headers)).filter(
    ([name, value]) => known.has(name) && value.length <= longestHeader,
  );
  return Object.fromEntries(main);
}
