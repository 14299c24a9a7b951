import { subscriptions, topics } from '@nest-arch/contracts';
import { BroadcastConsumer, type BroadcastRecord } from './broadcast/broadcast-consumer.js';
import { createKafka } from './kafka/kafka-client.js';
import { Publisher } from './outbox/publisher.js';
import { deadLetterTopic } from './topics/names.js';
import { deadLetterHeader } from './wire/dead-letter-headers.js';
import { header, rawHeaders, type Headers } from './wire/headers.js';

/** A record that a group could not handle and nobody has dealt with yet. */
export interface DeadLetter {
  /** `<dead-letter topic>/<partition>/<offset>`. */
  id: string;
  group: string;
  topic: string;
  partition: number;
  offset: string;
  key: string;
  type: string;
  eventId: string;
  reason: string;
  detail: string;
  attempts: number;
  at: string;
  headers: Headers;
  /** The record's value as JSON; null where it is not kept (state topics). */
  data: unknown;
}

export type Resolution = 'replayed' | 'superseded' | 'dropped';

export interface DeadLettersOptions {
  brokers: string[];
  topicPrefix?: string | undefined;
}

/**
 * Dead letters of a group: list, show, replay, drop. Kafka deletes no single record, so a letter is closed by a mark that
 * follows it in its topic, and the closed beginning of the topic is cut off.
 */
export class DeadLetters {
  private readonly prefix: string;
  private readonly publisher: Publisher;

  constructor(private readonly options: DeadLettersOptions) {
    this.prefix = options.topicPrefix ?? '';
    this.publisher = new Publisher({ ...options, clientId: 'dead-letters', topicPrefix: this.prefix });
  }

  /** The open letters of a group, oldest first. `from`: only these topics; default: all that the group subscribes to. */
  async list(group: string, from?: readonly string[]): Promise<DeadLetter[]> {
    const read = from ?? (subscriptions[group] ?? []).map((topic) => topic.name);
    const letters = await this.read(read.map((topic) => deadLetterTopic(topic, group)));
    return letters.map(({ letter }) => letter);
  }

  /** The open letter with this id; undefined when it is closed or never was. */
  async show(id: string): Promise<DeadLetter | undefined> {
    return (await this.find(id))?.letter;
  }

  /**
   * Publishes the record again under its own event id, for the one group that failed; the inbox makes a second replay
   * harmless. A state record is read from its topic, and not replayed (`superseded`) if its key has a newer one.
   */
  async replay(id: string): Promise<Resolution | undefined> {
    const found = await this.find(id);
    if (!found) return undefined;
    const resolution = isState(found.letter.topic)
      ? await this.replayState(found.letter)
      : await this.replayEvent(found);
    await this.close(found.letter, resolution);
    return resolution;
  }

  /** Closes the letter without effect. False when it was not open. */
  async drop(id: string): Promise<boolean> {
    const found = await this.find(id);
    if (found) await this.close(found.letter, 'dropped');
    return found !== undefined;
  }

  /** Ends the connections of this object. */
  async disconnect(): Promise<void> {
    await this.publisher.close();
  }

  private async replayEvent({ letter, record }: Found): Promise<Resolution> {
    const kept = Object.entries(rawHeaders(record.message.headers)).filter(
      ([name]) => !name.startsWith('x-dlq-'),
    );
    await this.publisher.send([
      {
        topic: letter.topic,
        key: record.message.key,
        value: record.message.value,
        headers: { ...Object.fromEntries(kept), [header.replayFor]: letter.group },
      },
    ]);
    return 'replayed';
  }

  private async replayState(letter: DeadLetter): Promise<Resolution> {
    const all = await this.readAll([letter.topic]);
    const ofKey = all.filter(({ key, partition }) => key === letter.key && partition === letter.partition);
    const last = ofKey.at(-1);
    // Publishing an older record again would make it the last one for every reader to come.
    if (!last || last.offset !== letter.offset) return 'superseded';
    await this.publisher.send([
      {
        topic: letter.topic,
        key: last.message.key,
        value: last.message.value,
        headers: rawHeaders(last.message.headers),
        partition: letter.partition,
      },
    ]);
    return 'replayed';
  }

  private async close(letter: DeadLetter, resolution: Resolution): Promise<void> {
    const { topic, partition, offset } = parseId(letter.id);
    const headers = {
      [deadLetterHeader.resolves]: `${partition}/${offset}`,
      [deadLetterHeader.resolution]: resolution,
    };
    await this.publisher.send([{ topic, partition, key: letter.key, value: null, headers }]);
    await this.cutOff(topic);
  }

  /** Deletes the beginning of a topic in which every letter is closed, so that nothing is kept longer than needed. */
  private async cutOff(topic: string): Promise<void> {
    const records = await this.readAll([topic]);
    const open = openLetters(records);
    const partitions = [...Map.groupBy(records, (record) => record.partition)].map(([partition, list]) => {
      const firstOpen = open.find(({ record }) => record.partition === partition)?.record.offset;
      return { partition, offset: firstOpen ?? String(BigInt(list.at(-1)?.offset ?? '0') + 1n) };
    });
    if (partitions.length === 0) return;
    const admin = createKafka({ brokers: this.options.brokers, clientId: 'dead-letters' }).admin();
    try {
      await admin.connect();
      // Only for its side effect: kafkajs looks the leaders up before it has loaded them.
      await admin.fetchTopicOffsets(this.prefix + topic);
      await admin.deleteTopicRecords({ topic: this.prefix + topic, partitions });
    } finally {
      await admin.disconnect();
    }
  }

  private async find(id: string): Promise<Found | undefined> {
    const letters = await this.read([parseId(id).topic]);
    return letters.find(({ letter }) => letter.id === id);
  }

  private async read(names: string[]): Promise<Found[]> {
    return openLetters(await this.readAll(names));
  }

  /** Everything that the topics hold now. */
  private async readAll(names: string[]): Promise<BroadcastRecord[]> {
    if (names.length === 0) return [];
    const records: BroadcastRecord[] = [];
    const consumer = new BroadcastConsumer({
      brokers: this.options.brokers,
      app: 'dead-letters',
      topics: names,
      topicPrefix: this.prefix,
      from: 'beginning',
      onRecord: (record) => records.push(record),
    });
    consumer.start();
    try {
      await consumer.ready;
    } finally {
      await consumer.close();
    }
    return records;
  }
}

interface Found {
  letter: DeadLetter;
  record: BroadcastRecord;
}

function openLetters(records: BroadcastRecord[]): Found[] {
  const closed = new Set(
    records.flatMap(({ topic, headers }) => {
      const resolves = headers[deadLetterHeader.resolves];
      return resolves === undefined ? [] : [`${topic}/${resolves}`];
    }),
  );
  return records
    .filter(({ headers }) => headers[deadLetterHeader.resolves] === undefined)
    .map((record) => ({ record, letter: toLetter(record) }))
    .filter(({ letter }) => !closed.has(letter.id))
    .sort((a, b) => a.record.timestamp - b.record.timestamp);
}

function toLetter(record: BroadcastRecord): DeadLetter {
  const { headers } = record;
  return {
    id: `${record.topic}/${record.partition}/${record.offset}`,
    group: headers[deadLetterHeader.group] ?? '',
    topic: headers[deadLetterHeader.topic] ?? '',
    partition: Number(headers[deadLetterHeader.partition]),
    offset: headers[deadLetterHeader.offset] ?? '',
    key: record.key,
    type: record.type,
    eventId: headers[header.id] ?? '',
    reason: headers[deadLetterHeader.reason] ?? '',
    detail: headers[deadLetterHeader.detail] ?? '',
    attempts: Number(headers[deadLetterHeader.attempts]),
    at: headers[deadLetterHeader.at] ?? '',
    headers,
    data: record.data,
  };
}

function parseId(id: string): { topic: string; partition: number; offset: string } {
  const match = /^([\w.-]+)\/(\d+)\/(\d+)$/.exec(id);
  if (!match?.[1] || !match[3]) throw new Error(`Not the id of a dead letter: ${id}`);
  return { topic: match[1], partition: Number(match[2]), offset: match[3] };
}

function isState(topic: string): boolean {
  return Object.values(topics).some((each) => each.name === topic && each.kind === 'state');
}
