import { Logger } from '@nestjs/common';
import type { Db } from '@nest-arch/database';
import type { Outbox } from '../outbox/outbox.js';
import { ComparisonPass, type PassResult, type PassScope } from './comparison-pass.js';
import { keyPartition } from '../kafka/key-partition.js';
import { stateMetrics } from './metrics.js';
import { TopicScan, type Extent } from './topic-scan.js';
import type { StateSource } from './state-source.js';

export interface ComparisonParts {
  db: Db;
  outbox: Outbox;
  brokers: string[];
  appName: string;
  topicPrefix: string;
  source: StateSource;
  /** Rows that are read and compared at once. Default 500. */
  pageSize?: number;
  /** Keys of the topic that are held in memory at once, about 150 bytes each. Default 250,000. */
  keysPerPass?: number;
}

/**
 * Compares a state topic with the table behind it, and says anew whatever the topic has older than the table or not at all;
 * what the erasure list has and the topic still shows gets its tombstone. Keys and versions that the table does not know
 * are counted, never touched: a database restored from a backup must not destroy what the topic still has.
 */
export class StateComparison {
  private readonly logger = new Logger('State');

  constructor(private readonly parts: ComparisonParts) {}

  async run(signal?: AbortSignal): Promise<PassResult> {
    const total: PassResult = {
      compared: 0,
      republished: 0,
      tombstoned: 0,
      unknown: 0,
      ahead: 0,
      misplaced: 0,
    };
    for (const scope of await this.scopes()) {
      const found = await new ComparisonPass(this.parts, scope).run(signal);
      for (const name of Object.keys(total) as (keyof PassResult)[]) total[name] += found[name];
    }
    this.report(total);
    return total;
  }

  /** The topic in portions that fit into memory, each of some partitions or of a share of one partition's keys. */
  private async scopes(): Promise<PassScope[]> {
    const { brokers, appName: clientId, topicPrefix, source, keysPerPass = 250_000 } = this.parts;
    const topic = topicPrefix + source.event.topic.name;
    const scan = new TopicScan({
      ...{ brokers, clientId, topic, groupPrefix: topicPrefix, partitions: [] },
      onMessage: () => undefined,
    });
    try {
      return planScopes(await scan.extents(), keysPerPass);
    } finally {
      await scan.close();
    }
  }

  private report({ compared, republished, tombstoned, unknown, ahead, misplaced }: PassResult): void {
    const topic = this.parts.source.event.topic.name;
    stateMetrics.compared.set({ topic }, compared);
    stateMetrics.unknown.set({ topic }, unknown);
    stateMetrics.ahead.set({ topic }, ahead);
    stateMetrics.comparedAt.setToCurrentTime({ topic });
    const line =
      `${topic}: ${compared} rows compared, ${republished} announced anew, ${tombstoned} tombstoned; ` +
      `${unknown} keys and ${ahead} versions that the database does not know, ${misplaced} records on a former partition`;
    if (republished + tombstoned + unknown + ahead + misplaced > 0) this.logger.warn(line);
    else this.logger.log(line);
  }
}

export function planScopes(extents: readonly Extent[], keysPerPass: number): PassScope[] {
  const partitionOf = (key: string) => keyPartition(key, extents.length);
  const scopes: PassScope[] = [];
  let partitions: number[] = [];
  let size = 0;
  const close = () => {
    if (partitions.length > 0) scopes.push({ partitions, partitionOf, share: 0, shares: 1 });
    [partitions, size] = [[], 0];
  };
  for (const { partition, low, high } of extents) {
    const records = Number(high - low);
    const shares = Math.ceil(records / keysPerPass);
    for (let share = 0; shares > 1 && share < shares; share += 1)
      scopes.push({ partitions: [partition], partitionOf, share, shares });
    if (shares > 1) continue;
    if (size + records > keysPerPass) close();
    partitions.push(partition);
    size += records;
  }
  close();
  return scopes;
}
