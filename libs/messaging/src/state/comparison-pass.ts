import { crc32 } from 'node:zlib';
import { heartbeatType } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import type { KafkaMessage } from '../kafka/kafka-client.js';
import { bucketOf } from '../outbox/outbox.js';
import { pendingKeys } from '../outbox/outbox.queries.js';
import { header, readHeaders } from '../wire/headers.js';
import type { ComparisonParts } from './comparison.js';
import { stateMetrics } from './metrics.js';
import { outboxRoom } from './outbox-room.js';
import { erasedAmong } from './state.queries.js';
import type { StateRow } from './state-source.js';
import { TopicScan } from './topic-scan.js';

/** Which keys one pass is about. */
export interface PassScope {
  partitions: number[];
  partitionOf(key: string): number;
  /** Of the keys on these partitions one share of so many, by their hash. */
  share: number;
  shares: number;
}

export interface PassResult {
  compared: number;
  republished: number;
  tombstoned: number;
  /** Keys with a value in the topic and without a row. */
  unknown: number;
  /** Keys whose record is newer than their row. */
  ahead: number;
  /** Records on a partition that their key no longer belongs to: the topic got more partitions. */
  misplaced: number;
}

/** The last record of a key. */
interface Last {
  version: number;
  hasValue: boolean;
}

const mostPending = 10_000;
const nothing: Last = { version: -1, hasValue: false };

/**
 * One pass over topic and table.
 *
 * The topic is read first, to the end that it has then, and the table after it: so a record newer than its row cannot be
 * one that was written meanwhile. A row newer than its record may well be, so it is only suspected. Then the outbox is
 * asked: what waits there is on its way. Then the topic is read on to its new end: what had left the outbox before it was
 * asked is there. A row that is neither there nor in the outbox is not coming any more, and is announced anew under its
 * lock, unless it has changed since: the change has announced itself.
 *
 * The table is read in the order of the keys, and keys that are done with are forgotten: what the pass itself adds to the
 * topic does not fill the memory.
 */
export class ComparisonPass {
  private readonly scan: TopicScan;
  private readonly last = new Map<string, Last>();
  /** Suspects and the version of their row; null without a row. */
  private suspects = new Map<string, number | null>();
  /** Keys up to this one are done with. */
  private cursor = '';
  private isTableRead = false;
  private readonly result: PassResult = {
    ...{ compared: 0, republished: 0, tombstoned: 0, unknown: 0, ahead: 0, misplaced: 0 },
  };

  constructor(
    private readonly parts: ComparisonParts,
    private readonly scope: PassScope,
  ) {
    const { brokers, appName: clientId, topicPrefix, source } = parts;
    this.scan = new TopicScan({
      ...{ brokers, clientId, topic: topicPrefix + source.event.topic.name, groupPrefix: topicPrefix },
      partitions: scope.partitions,
      onMessage: (message, partition) => this.take(message, partition),
    });
  }

  async run(signal?: AbortSignal): Promise<PassResult> {
    try {
      await this.scan.readToEnd(signal);
      await this.compareRows(signal);
      await this.judgeUnknown(signal);
      return this.result;
    } finally {
      await this.scan.close();
    }
  }

  private async compareRows(signal: AbortSignal | undefined): Promise<void> {
    const { db, source } = this.parts;
    for (let after: string | null = null; !this.isTableRead;) {
      signal?.throwIfAborted();
      const rows: StateRow<unknown>[] = await source.page(db, { after, limit: this.pageSize });
      const mine = rows.filter(({ key }) => this.isMine(key));
      const erased = await erasedAmong(
        db,
        mine.map(({ key }) => key),
      );
      for (const row of mine) this.compare(row, erased.has(row.key));
      after = rows.at(-1)?.key ?? after;
      this.cursor = after ?? '';
      this.isTableRead = rows.length < this.pageSize;
      if (this.suspects.size >= this.pageSize || this.isTableRead) await this.settle(signal);
    }
  }

  private compare({ key, version }: StateRow<unknown>, isErased: boolean): void {
    const last = this.last.get(key) ?? nothing;
    this.result.compared += 1;
    const isWrong = isErased ? last.hasValue : last.version < version;
    if (isWrong) this.suspects.set(key, version);
    else this.last.delete(key);
    if (!isErased && last.version > version) this.result.ahead += 1;
  }

  /** What is left was not in the table when it was read. */
  private async judgeUnknown(signal: AbortSignal | undefined): Promise<void> {
    for (const [key, { hasValue }] of this.last) {
      if (hasValue) this.suspects.set(key, null);
      else this.last.delete(key);
      if (this.suspects.size >= this.pageSize) await this.settle(signal);
    }
    await this.settle(signal);
  }

  private async settle(signal: AbortSignal | undefined): Promise<void> {
    if (this.suspects.size === 0) return;
    const { db, source } = this.parts;
    const keys = [...this.suspects.keys()].map((key) => ({ key, bucket: bucketOf(key) }));
    for (const key of await pendingKeys(db, { topic: source.event.topic.name, keys })) this.clear(key);
    await this.scan.readToEnd(signal);
    if (this.suspects.size > 0) {
      await outboxRoom(db, { most: mostPending, signal });
      await db.transaction((tx) => this.repair(tx));
    }
    for (const key of this.suspects.keys()) this.clear(key);
  }

  private async repair(tx: Tx): Promise<void> {
    const { source, outbox } = this.parts;
    const keys = [...this.suspects.keys()].sort();
    const rows = new Map((await source.lock(tx, keys)).map((row) => [row.key, row]));
    const erased = await erasedAmong(tx, keys);
    const stale = [...rows.values()].filter(
      ({ key, version }) =>
        !erased.has(key) && version === this.suspects.get(key) && this.lastOf(key).version < version,
    );
    const gone = keys.filter((key) => erased.has(key) && this.lastOf(key).hasValue);
    await outbox.addAll(tx, source.event, [
      ...stale,
      ...gone.map((key) => ({ key, version: this.versionAfter(key, rows.get(key)), data: null })),
    ]);
    const unknown = keys.filter(
      (key) =>
        !rows.has(key) && !erased.has(key) && this.suspects.get(key) === null && this.lastOf(key).hasValue,
    );
    tx.afterCommit(() =>
      this.count({ republished: stale.length, tombstoned: gone.length, unknown: unknown.length }),
    );
  }

  private count(found: Pick<PassResult, 'republished' | 'tombstoned' | 'unknown'>): void {
    const topic = this.parts.source.event.topic.name;
    this.result.unknown += found.unknown;
    for (const kind of ['republished', 'tombstoned'] as const) {
      this.result[kind] += found[kind];
      stateMetrics.repairs.inc({ topic, kind }, found[kind]);
    }
  }

  /** Above whatever readers may have of the key. */
  private versionAfter(key: string, row: StateRow<unknown> | undefined): number {
    return Math.max(this.lastOf(key).version, row?.version ?? 0) + 1;
  }

  private take({ key: rawKey, value, headers: raw }: KafkaMessage, partition: number): void {
    const key = rawKey?.toString() ?? '';
    const headers = readHeaders(raw);
    if (headers[header.type] === heartbeatType || !this.isInShare(key)) return;
    if (this.scope.partitionOf(key) !== partition) {
      this.result.misplaced += 1;
      return;
    }
    if (!this.isOfUse(key)) return;
    this.last.set(key, { version: Number(headers[header.version] ?? 0), hasValue: value !== null });
  }

  /** Of keys that are done with, nothing is kept. */
  private isOfUse(key: string): boolean {
    const isToCome = !this.isTableRead && key > this.cursor;
    return isToCome || this.last.has(key) || this.suspects.has(key);
  }

  private isMine(key: string): boolean {
    return this.isInShare(key) && this.scope.partitions.includes(this.scope.partitionOf(key));
  }

  private isInShare(key: string): boolean {
    return this.scope.shares === 1 || crc32(key) % this.scope.shares === this.scope.share;
  }

  private lastOf(key: string): Last {
    return this.last.get(key) ?? nothing;
  }

  private clear(key: string): void {
    this.suspects.delete(key);
    this.last.delete(key);
  }

  private get pageSize(): number {
    return this.parts.pageSize ?? 500;
  }
}
