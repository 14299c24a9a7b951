import type { BroadcastRecord } from '../broadcast/broadcast-record.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import { header, rawHeaders } from '../wire/headers.js';
import type { WireRecord } from '../wire/wire-record.js';
import { deadLetterTopic } from '../topics/names.js';
import { parseId, type DeadLetter } from './dead-letter.js';
import { detached } from './open-letters.js';
import { scan, type ScanOptions } from './scan.js';

export type Reading = Pick<ScanOptions, 'brokers' | 'topicPrefix' | 'signal'>;

export interface Found {
  letter: DeadLetter;
  record: BroadcastRecord;
}

/**
 * The record of a letter as it was, for the one group that failed. Undefined when the letter had no room for all of it and
 * its topic no longer has it either, or it names another place than its own.
 */
export async function replayOf({ letter, record }: Found, reading: Reading): Promise<WireRecord | undefined> {
  // Whoever may write to this dead-letter topic must not reach other topics and groups by the hand of who replays.
  if (deadLetterTopic(letter.topic, letter.group) !== parseId(letter.id).topic) return undefined;
  const isWhole = letter.headers[deadLetterHeader.omitted] === undefined;
  const whole = isWhole ? record : await originalOf(letter, reading);
  if (!whole) return undefined;
  const { key, value, headers } = whole.message;
  const kept = Object.entries(rawHeaders(headers)).filter(([name]) => !name.startsWith('x-dlq-'));
  return {
    topic: letter.topic,
    key,
    value,
    headers: { ...Object.fromEntries(kept), [header.replayFor]: letter.group },
  };
}

async function originalOf(letter: DeadLetter, reading: Reading): Promise<BroadcastRecord | undefined> {
  const at = BigInt(letter.offset);
  let original: BroadcastRecord | undefined;
  await scan({
    ...reading,
    topics: [letter.topic],
    from: (_, partition) => (partition === letter.partition ? at : 'skip'),
    until: () => at + 1n,
    onRecord: (record) => {
      if (BigInt(record.offset) === at) original = detached(record);
    },
  });
  return original;
}
