import type { BroadcastRecord } from '../broadcast/broadcast-record.js';
import type { Publisher } from '../outbox/publisher.js';
import { header, rawHeaders } from '../wire/headers.js';
import type { WireRecord } from '../wire/wire-record.js';
import type { DeadLetter, Resolution } from './dead-letter.js';
import { detached } from './open-letters.js';
import type { Reading } from './replay-event.js';
import { scan } from './scan.js';

/** What a state topic holds of one key, from the record of the letter on. */
interface Course {
  /** The last record, whosever it is. */
  last: BroadcastRecord | undefined;
  /** The last one that is neither the letter's record nor a copy of it. */
  newer: BroadcastRecord | undefined;
}

/**
 * Publishes the record of a letter again, from its topic, if nothing newer of its key is there: an older record must not
 * become the last one for every reader to come. What the owner publishes between the look and the copy is found
 * afterwards, and put behind the copy once more.
 */
export async function replayState(
  letter: DeadLetter,
  publisher: Publisher,
  reading: Reading,
): Promise<Resolution> {
  for (;;) {
    const { last, newer } = await courseOf(letter, reading);
    if (!last || last === newer) return 'superseded';
    // Somebody has put a copy behind it, or we have in a process that died before it said so.
    if (!newer && last.offset !== letter.offset) return 'replayed';
    await publisher.send([copyOf(newer ?? last)]);
  }
}

async function courseOf(letter: DeadLetter, reading: Reading): Promise<Course> {
  const course: Course = { last: undefined, newer: undefined };
  await scan({
    ...reading,
    topics: [letter.topic],
    from: (_, partition) => (partition === letter.partition ? BigInt(letter.offset) : 'skip'),
    onRecord: (record) => {
      if (record.key !== letter.key) return;
      const isCopy = letter.eventId !== '' && record.headers[header.id] === letter.eventId;
      course.last = detached(record);
      if (record.offset !== letter.offset && !isCopy) course.newer = course.last;
    },
  });
  return course;
}

function copyOf({ topic, partition, message }: BroadcastRecord): WireRecord {
  const { key, value, headers } = message;
  return { topic, partition, key, value, headers: rawHeaders(headers) };
}
