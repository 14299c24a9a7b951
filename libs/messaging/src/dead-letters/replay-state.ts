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
  /** The one with the highest version; of several copies the last. */
  newest: BroadcastRecord | undefined;
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
    const { last, newest } = await courseOf(letter, reading);
    if (!last || !newest) return 'superseded';
    if (versionOf(last) < versionOf(newest)) await publisher.send([copyOf(newest)]);
    else if (last.offset === letter.offset) await publisher.send([copyOf(last)]);
    // Ours, or that of a process that died before it said so.
    else return isCopy(last, letter) ? 'replayed' : 'superseded';
  }
}

async function courseOf(letter: DeadLetter, reading: Reading): Promise<Course> {
  const course: Course = { last: undefined, newest: undefined };
  await scan({
    ...reading,
    topics: [letter.topic],
    from: (_, partition) => (partition === letter.partition ? BigInt(letter.offset) : 'skip'),
    onRecord: (record) => {
      if (record.key !== letter.key) return;
      course.last = detached(record);
      if (!course.newest || versionOf(record) >= versionOf(course.newest)) course.newest = course.last;
    },
  });
  return course;
}

function isCopy({ headers }: BroadcastRecord, { eventId }: DeadLetter): boolean {
  return eventId !== '' && headers[header.id] === eventId;
}

function versionOf({ headers }: BroadcastRecord): number {
  return Number(headers[header.version] ?? -1);
}

function copyOf({ topic, partition, message }: BroadcastRecord): WireRecord {
  const { key, value, headers } = message;
  return { topic, partition, key, value, headers: rawHeaders(headers) };
}
