import { Logger } from '@nestjs/common';
import type { Db } from '@nest-arch/database';
import { brokerErrorType, topicErrorTypes, unpublishableTypes } from '../kafka/kafka-errors.js';
import type { Leases } from './leases.js';
import { buryRow, holdRow, type OutboxRow } from './outbox.queries.js';
import { SendTooLateError, type Publisher } from './publisher.js';
import { relayMetrics } from './relay-metrics.js';
import { inSendSpan } from './send-span.js';
import { toWire } from './wire-row.js';

const maxAttempts = 20;
const maxTopicBlockMs = 30_000;

/** Sends rows, and finds the guilty one when the broker refuses a batch for what is in it. */
export class RowSender {
  private readonly logger = new Logger('Relay');
  private readonly blocks = new Map<string, { until: number; waitMs: number }>();

  constructor(
    private readonly db: Db,
    private readonly publisher: Publisher,
    private readonly leases: Leases,
  ) {}

  /** Topics that the broker does not take anything for at present. */
  blockedTopics(): string[] {
    const now = performance.now();
    return [...this.blocks].filter(([, block]) => block.until > now).map(([topic]) => topic);
  }

  /** Answers the rows that may be deleted. Throws when the broker as a whole cannot be reached. */
  async send(rows: OutboxRow[]): Promise<OutboxRow[]> {
    try {
      await this.publish(rows);
      for (const row of rows) this.blocks.delete(row.topic);
      return rows;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const topics = [...Map.groupBy(rows, (row) => row.topic).values()];
      if (topics.length === 1) return this.sendOneByOne(rows, error);
      const sent: OutboxRow[] = [];
      for (const ofTopic of topics) sent.push(...(await this.send(ofTopic)));
      return sent;
    }
  }

  private async sendOneByOne(rows: OutboxRow[], refusal: unknown): Promise<OutboxRow[]> {
    if (this.blockIfTopicIsRefused(rows, refusal)) return [];
    if (rows.length === 1 && rows[0]) {
      await this.putAside(rows[0], refusal);
      return [];
    }
    const sent: OutboxRow[] = [];
    const heldKeys = new Set<string>();
    for (const row of rows) {
      if (heldKeys.has(row.key)) continue;
      const result = await this.send([row]);
      sent.push(...result);
      if (result.length === 0) heldKeys.add(row.key);
    }
    return sent;
  }

  private blockIfTopicIsRefused(rows: OutboxRow[], refusal: unknown): boolean {
    const type = brokerErrorType(refusal) ?? '';
    const topic = rows[0]?.topic;
    if (!topic || !topicErrorTypes.has(type)) return false;
    const waitMs = Math.min(maxTopicBlockMs, (this.blocks.get(topic)?.waitMs ?? 250) * 2);
    this.blocks.set(topic, { until: performance.now() + waitMs, waitMs });
    this.logger.error(`Topic ${topic}: ${type}; its events wait, next try in ${waitMs} ms`);
    return true;
  }

  /** A row that can never be published is buried, with its reason; anything else is tried again, later each time. */
  private async putAside(row: OutboxRow, refusal: unknown): Promise<void> {
    const type = brokerErrorType(refusal) ?? 'UNKNOWN';
    if (!unpublishableTypes.has(type) && row.attempts < maxAttempts) {
      await holdRow(this.db, row);
      return;
    }
    await this.db.transaction((tx) => buryRow(tx, row, type));
    relayMetrics.buried.inc({ reason: type });
    this.logger.error(
      `Event ${row.id} (${row.type}) cannot be published: ${type}. It is in outbox_dead_letters`,
    );
  }

  private async publish(rows: OutboxRow[]): Promise<void> {
    const mayWrite = this.leases.coverOf(new Set(rows.map((row) => row.bucket)));
    if (!mayWrite()) throw new SendTooLateError();
    await inSendSpan(rows, () => this.publisher.send(rows.map(toWire), mayWrite));
  }
}

// A protocol error names what the broker disliked. Everything else (connection, timeout, no leader) is about the broker.
const brokerTrouble = new Set([
  'REQUEST_TIMED_OUT',
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN',
  'CLUSTER_AUTHORIZATION_FAILED',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);

function isRefusal(error: unknown): boolean {
  const type = brokerErrorType(error);
  return type !== undefined && !brokerTrouble.has(type);
}
