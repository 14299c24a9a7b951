import { Logger } from '@nestjs/common';
import { topics } from '@nest-arch/contracts';
import { Publisher } from '../outbox/publisher.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import type { WireRecord } from '../wire/wire-record.js';
import {
  closedBy,
  idOf,
  parseId,
  toLetter,
  type DeadLetter,
  type Position,
  type Resolution,
} from './dead-letter.js';
import { Located } from './located.js';
import { OpenLetters, compare, type Part } from './open-letters.js';
import { positionOf, startOf, topicsOf, type DeadLetterPage, type DeadLetterQuery } from './query.js';
import { replayOf, type Reading } from './replay-event.js';
import { replayState } from './replay-state.js';
import { orAborted, scan, withAdmin, type Span } from './scan.js';

export interface DeadLettersOptions {
  brokers: string[];
  topicPrefix?: string | undefined;
  /** Milliseconds for one call. Default 30 s. */
  timeoutMs?: number;
}

/** Kafka did not answer in time. What was begun may or may not have happened; it may be done again. */
export class DeadLettersTimeoutError extends Error {
  override readonly name = 'DeadLettersTimeoutError';
}

/** Where a part of a list comes from. */
interface Stretch {
  names: string[];
  after: Position | null;
  signal: AbortSignal;
}

const stateTopics = new Set<string>(
  Object.values(topics)
    .filter((topic) => topic.kind === 'state')
    .map((topic) => topic.name),
);

/** Records that travel together stay well below what a broker takes at once. */
const mostBytes = 256 * 1024;

/**
 * Dead letters: list, show, replay, drop. Kafka deletes no single record, so a letter is closed by a mark that follows it
 * in its topic, and the closed beginning of the topic is cut off. Everything may be repeated and done by several at once.
 */
export class DeadLetters {
  private readonly logger = new Logger('DeadLetters');
  private readonly topicPrefix: string;
  private readonly publisher: Publisher;

  constructor(private readonly options: DeadLettersOptions) {
    this.topicPrefix = options.topicPrefix ?? '';
    this.publisher = new Publisher({
      ...options,
      clientId: 'dead-letters',
      topicPrefix: this.topicPrefix,
    });
  }

  /** Open letters by topic, oldest first within each. Reads on from `after`; memory is bounded by `limit`. */
  async page(query: DeadLetterQuery): Promise<DeadLetterPage> {
    const names = topicsOf(query);
    const signal = this.deadline();
    const items: DeadLetter[] = [];
    let after = query.after ?? null;
    do {
      const part = await this.part({ names, after, signal }, query.limit - items.length);
      items.push(...part.records.map(toLetter));
      after = part.next && positionOf(part.next);
    } while (after && items.length < query.limit);
    return { items, next: after };
  }

  /** The ids of all open letters, for what is to be done to all of them: one look, and of each letter its id alone. */
  async ids({ groups, topics: from }: Omit<DeadLetterQuery, 'limit' | 'after'>): Promise<string[]> {
    const open = new Set<string>();
    await scan({
      ...this.reading(this.deadline()),
      topics: topicsOf({ groups, topics: from }),
      onRecord: (record) => {
        const closed = closedBy(record);
        if (closed === undefined) open.add(idOf(record));
        else open.delete(closed);
      },
    });
    return [...open];
  }

  /** All open letters of a group. `from`: only these topics. Where there may be many, `page`. */
  async list(group: string, from?: readonly string[]): Promise<DeadLetter[]> {
    const items: DeadLetter[] = [];
    let after: Position | undefined;
    do {
      const page = await this.page({ groups: [group], topics: from, limit: 1_000, after });
      items.push(...page.items);
      after = page.next ?? undefined;
    } while (after);
    return items;
  }

  /** The open letter with this id; undefined when it is closed or never was. */
  async show(id: string): Promise<DeadLetter | undefined> {
    const { located } = await this.locate([id], this.deadline());
    const record = located.found.get(id);
    return record && toLetter(record);
  }

  /**
   * Publishes the records again under their own event ids, for the one group that failed; the inbox makes a second replay
   * harmless. A state record is read from its topic, and not replayed (`superseded`) if its key has a newer one. `gone`: the
   * letter had no room for the record, and its topic no longer has it; the letter stays. Ids that are closed, or never
   * were, are missing in the answer. Take at most some hundred at once.
   */
  async replayAll(ids: readonly string[]): Promise<Map<string, Resolution | 'gone'>> {
    const signal = this.deadline();
    const { located, spans } = await this.locate(ids, signal);
    const found = [...located.found.values()].map((record) => ({ letter: toLetter(record), record }));
    const reading = this.reading(signal);
    const outcomes = new Map<string, Resolution | 'gone'>();
    const events: WireRecord[] = [];
    for (const each of found.filter(({ letter }) => !stateTopics.has(letter.topic))) {
      const record = await replayOf(each, reading);
      if (record) events.push(record);
      outcomes.set(each.letter.id, record ? 'replayed' : 'gone');
    }
    await this.send(events, signal);
    for (const { letter } of found.filter(({ letter }) => stateTopics.has(letter.topic)))
      outcomes.set(letter.id, await replayState(letter, this.publisher, reading));
    const closed = [...outcomes].filter((each): each is [string, Resolution] => each[1] !== 'gone');
    const resolutions = new Map(closed);
    await this.close(resolutions, signal);
    await this.cutOff(resolutions.keys(), { located, spans, signal });
    return outcomes;
  }

  /** As `replayAll`; undefined when the letter is closed or never was. */
  async replay(id: string): Promise<Resolution | 'gone' | undefined> {
    return (await this.replayAll([id])).get(id);
  }

  /** Closes letters without effect. Answers the ids of those that were open. */
  async dropAll(ids: readonly string[]): Promise<string[]> {
    const signal = this.deadline();
    const { located, spans } = await this.locate(ids, signal);
    const resolutions = new Map<string, Resolution>([...located.found.keys()].map((id) => [id, 'dropped']));
    await this.close(resolutions, signal);
    await this.cutOff(resolutions.keys(), { located, spans, signal });
    return [...resolutions.keys()];
  }

  /** False when it was not open. */
  async drop(id: string): Promise<boolean> {
    return (await this.dropAll([id])).length > 0;
  }

  /** Ends the connections of this object. */
  async disconnect(): Promise<void> {
    await this.publisher.close();
  }

  /** The step after which a letter no longer counts as open: last, so that a process that dies before it loses nothing. */
  protected async close(resolutions: ReadonlyMap<string, Resolution>, signal: AbortSignal): Promise<void> {
    const marks = [...resolutions].map(([id, resolution]): WireRecord => {
      const { topic, partition, offset } = parseId(id);
      const headers = {
        [deadLetterHeader.resolves]: `${partition}/${offset}`,
        [deadLetterHeader.resolution]: resolution,
      };
      return { topic, partition, key: null, value: null, headers };
    });
    await this.send(marks, signal);
  }

  private reading(signal: AbortSignal): Reading {
    return { brokers: this.options.brokers, topicPrefix: this.topicPrefix, signal };
  }

  private deadline(): AbortSignal {
    const ms = this.options.timeoutMs ?? 30_000;
    const controller = new AbortController();
    const late = () => controller.abort(new DeadLettersTimeoutError(`Kafka did not answer within ${ms} ms`));
    setTimeout(late, ms).unref();
    return controller.signal;
  }

  private async part({ names, after, signal }: Stretch, limit: number): Promise<Part> {
    const open = new OpenLetters();
    await scan({
      ...this.reading(signal),
      topics: names.filter((name) => !after || compare(name, after.topic) >= 0),
      from: (topic, partition) => startOf({ topic, partition }, after),
      onRecord: (record) => open.add(record),
    });
    return open.first(limit);
  }

  private async locate(ids: readonly string[], signal: AbortSignal) {
    const located = new Located(new Set(ids));
    const spans = await scan({
      ...this.reading(signal),
      topics: [...new Set(ids.map((id) => parseId(id).topic))],
      onRecord: (record) => located.add(record),
    });
    return { located, spans };
  }

  /** In their order. A request may be as large as one record may be, so they go in pieces. */
  private async send(records: readonly WireRecord[], signal: AbortSignal): Promise<void> {
    let piece: WireRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      const size = (record.value?.length ?? 0) + 1_000;
      if (piece.length > 0 && bytes + size > mostBytes) {
        await orAborted(this.publisher.send(piece), signal);
        [piece, bytes] = [[], 0];
      }
      piece.push(record);
      bytes += size;
    }
    if (piece.length > 0) await orAborted(this.publisher.send(piece), signal);
  }

  /** Deletes what is closed at the beginning of each partition, so that nothing is kept longer than needed. */
  private async cutOff(
    closed: Iterable<string>,
    { located, spans, signal }: { located: Located; spans: Span[]; signal: AbortSignal },
  ): Promise<void> {
    const touched = [...closed];
    touched.forEach((id) => located.close(id));
    const byTopic = Map.groupBy(spans, ({ topic }) => topic);
    for (const [topic, of] of touched.length > 0 ? byTopic : []) {
      const partitions = of
        .map((span) => ({ partition: span.partition, offset: located.lowestNeeded(span), low: span.low }))
        .filter(({ offset, low }) => BigInt(offset) > low)
        .map(({ partition, offset }) => ({ partition, offset }));
      if (partitions.length > 0) await this.deleteBefore(topic, partitions, signal);
    }
  }

  private async deleteBefore(
    topic: string,
    partitions: { partition: number; offset: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    const name = this.topicPrefix + topic;
    try {
      await withAdmin({ brokers: this.options.brokers, signal }, async (admin) => {
        // Only for its side effect: kafkajs looks the leaders up before it has loaded them.
        await admin.fetchTopicOffsets(name);
        await admin.deleteTopicRecords({ topic: name, partitions });
      });
    } catch (error) {
      // The letters are closed all the same; the next one takes these along, or the retention does.
      this.logger.warn(`Closed letters of ${topic} were not cut off: ${(error as Error).message}`);
    }
  }
}
