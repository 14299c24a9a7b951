import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  subscriptions,
  type DeadLetterDetail,
  type DeadLetterItem,
  type DeadLetterPage,
  type DeadLetterQuery,
  type DeadLetterResolution,
} from '@nest-arch/contracts';
import { isKafkaError } from '../kafka/kafka-errors.js';
import type { MessagingOptions } from '../options.js';
import { deadLetterTopic } from '../topics/names.js';
import { idOf, parseId, type DeadLetter } from './dead-letter.js';
import { DeadLetters, DeadLettersTimeoutError } from './dead-letters.js';
import { deadLetterErrors } from './dead-letters.errors.js';
import { maskHeaders, maskKey, maskPersonal } from './mask-personal.js';

/** Within what the gateway grants these routes. */
const timeoutMs = 12_000;

/** The dead letters of one service's groups, for administrators. What they do is logged with their id. */
export class AdminDeadLetters implements OnApplicationShutdown {
  private readonly logger = new Logger('AdminDeadLetters');
  private readonly letters: DeadLetters;
  private readonly groups: string[];

  constructor(service: string, { brokers, topicPrefix }: MessagingOptions) {
    this.letters = new DeadLetters({ brokers, topicPrefix, timeoutMs });
    // A service's own group, and one for each of its projections.
    this.groups = Object.keys(subscriptions).filter(
      (group) => group === service || group.startsWith(`${service}.`),
    );
  }

  async list(callerId: string, { limit, cursor, group, topic }: DeadLetterQuery): Promise<DeadLetterPage> {
    const groups = this.groups.filter((each) => group === undefined || each === group);
    const query = {
      groups,
      topics: topic === undefined ? undefined : [topic],
      limit,
      after: cursor === undefined ? undefined : parseId(cursor),
    };
    const { items, next } = await this.answered(() => this.letters.page(query));
    this.logger.log({ callerId, group, topic, count: items.length }, 'Dead letters listed');
    return { items: items.map(summaryOf), nextCursor: next && idOf(next) };
  }

  async show(callerId: string, id: string): Promise<DeadLetterDetail> {
    this.assertOwn(id);
    const letter = await this.answered(() => this.letters.show(id));
    if (!letter) throw deadLetterErrors.notFound();
    this.logger.log({ callerId, letter: id }, 'Dead letter shown');
    const { headers, value } = letter;
    const data = maskPersonal(letter.data);
    return { ...summaryOf(letter), headers: maskHeaders(headers), valueBytes: value?.length ?? 0, data };
  }

  async replay(callerId: string, id: string): Promise<DeadLetterResolution> {
    this.assertOwn(id);
    this.logger.log({ callerId, letter: id }, 'Dead letter to be replayed');
    const resolution = await this.answered(() => this.letters.replay(id));
    this.logger.log({ callerId, letter: id, resolution: resolution ?? 'not open' }, 'Dead letter replayed');
    if (resolution === 'gone') throw deadLetterErrors.gone();
    if (resolution === undefined || resolution === 'dropped') throw deadLetterErrors.notFound();
    return { id, resolution };
  }

  async drop(callerId: string, id: string): Promise<void> {
    this.assertOwn(id);
    this.logger.log({ callerId, letter: id }, 'Dead letter to be dropped');
    const wasOpen = await this.answered(() => this.letters.drop(id));
    this.logger.log({ callerId, letter: id, wasOpen }, 'Dead letter dropped');
    if (!wasOpen) throw deadLetterErrors.notFound();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.letters.disconnect();
  }

  private assertOwn(id: string): void {
    const { topic } = parseId(id);
    const isOwn = this.groups.some((group) =>
      subscriptions[group]?.some(({ name }) => deadLetterTopic(name, group) === topic),
    );
    if (!isOwn) throw deadLetterErrors.notFound();
  }

  private async answered<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DeadLettersTimeoutError) && !isKafkaError(error)) throw error;
      this.logger.warn({ err: error }, 'Dead letters cannot be reached');
      throw deadLetterErrors.unavailable(undefined, { retryAfterSeconds: 5 });
    }
  }
}

function summaryOf(letter: DeadLetter): DeadLetterItem {
  const { id, group, topic, partition, offset, type, reason, detail, attempts, at } = letter;
  const [key, eventId] = [maskKey(letter.key), maskKey(letter.eventId)];
  return { id, group, topic, partition, offset, key, type, eventId, reason, detail, attempts, at };
}
