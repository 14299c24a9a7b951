import { isTransient, type Tx } from '@nest-arch/database';
import { partitionKey, type PartitionId } from '../consumer/incoming.js';
import { createKafka, type Admin } from '../kafka/kafka-client.js';
import {
  GenerationReader,
  generationGroup,
  projectionTopics,
  type ProjectionParts,
  type ProjectionServerOptions,
} from './generation-reader.js';
import { committedOf, deleteGroup } from './group-admin.js';
import { endsOf, holds, reached, type Ends } from './progress.js';
import type { Projection } from './projection.js';
import {
  dropGeneration,
  findPointer,
  fingerprintOf,
  listErasedSince,
  lockGeneration,
  lockPointer,
  movePointer,
  schemaOf,
  setLockTimeout,
  showTable,
  useSchema,
  type Begun,
  type Fingerprint,
} from './projections.queries.js';
import { ReplayRefusedError, claim, giveUp, keepClaim } from './rebuild-claim.js';

export interface RebuildOptions extends ProjectionServerOptions {
  /** Default: from the beginning. A time leaves out what was said before it. */
  from?: Date | undefined;
  /** Told now and then how far it is. */
  onProgress?(line: string): void;
  /** Ends the rebuild early; its tables go. */
  signal?: AbortSignal;
}

export interface RebuildResult {
  generation: number;
  /** How many records were read. */
  records: number;
  before: Fingerprint;
  after: Fingerprint;
  /** From the first record to the moment in which the new tables were read. */
  seconds: number;
}

type Claimed = Begun & { active: number };

/** The switch was not possible now; nothing has changed. */
class NotNowError extends Error {}

// The live group stands still for as long as the switch waits for the last records.
const lastRecordsMs = 4_000;
const fingerprintMs = 600_000;
/** An erasure's row bears the time at which its transaction began. */
const longestErasureMs = 60_000;

/** Builds a projection's tables once more, beside those that are read, and lets them take their place. */
export class Rebuild {
  private readonly admin: Admin;
  private aborted: Error | undefined;
  private switched = false;
  private reader: GenerationReader | undefined;
  private recordsBefore = 0;
  /** Where partitions begin that are not read from their beginning. */
  private starts = new Map<string, bigint>();

  constructor(
    private readonly parts: ProjectionParts,
    private readonly projection: Projection,
    private readonly options: RebuildOptions = {},
  ) {
    this.admin = createKafka({ brokers: parts.brokers, clientId: parts.appName }).admin();
  }

  /** Throws ReplayRefusedError when it may not begin. */
  async run(): Promise<RebuildResult> {
    this.refuseTimeOfState();
    const { db } = this.parts;
    const { name } = this.projection;
    await this.admin.connect().catch((error: unknown) => {
      throw new ReplayRefusedError(
        `Kafka does not answer at ${this.parts.brokers.join(', ')}: ${String(error)}`,
      );
    });
    try {
      const claimed = await claim(db, this.projection);
      const stop = keepClaim(db, { name, generation: claimed.generation }, () =>
        this.abort(new Error('Somebody else has taken this replay for dead')),
      );
      this.options.signal?.addEventListener('abort', () => this.abort(new Error('Interrupted')));
      try {
        return await this.build(claimed);
      } catch (error) {
        await giveUp(db, name, claimed.generation).catch(() => undefined);
        throw error;
      } finally {
        stop();
      }
    } finally {
      await this.admin.disconnect();
    }
  }

  private refuseTimeOfState(): void {
    const state = this.projection.reads.find(({ definition }) => definition.kind === 'state');
    if (this.options.from && state)
      throw new ReplayRefusedError(
        `${this.projection.name} reads ${state.definition.type}, whose topic has the last state of every user: tables ` +
          `from a later time would lack everybody who has not changed since. Use --from beginning.`,
      );
  }

  private abort(reason: Error): void {
    this.aborted ??= reason;
  }

  private async build(claimed: Claimed): Promise<RebuildResult> {
    const startedAt = performance.now();
    await this.beginAt(claimed.generation);
    await this.newReader(claimed);
    try {
      await this.catchUp();
      const before = await this.fingerprint(claimed.active);
      await this.switchOver(claimed);
      const seconds = (performance.now() - startedAt) / 1000;
      const { generation } = claimed;
      const after = await this.fingerprint(generation);
      return { generation, records: this.records, before, after, seconds };
    } finally {
      await this.closeReader();
      await this.deleteGroup(claimed);
    }
  }

  private async newReader({ generation }: Claimed): Promise<void> {
    this.starts = new Map();
    for (const start of await this.committedOf(generation))
      this.starts.set(partitionKey(start), start.offset);
    this.reader = new GenerationReader(this.parts, this.projection, generation, this.options);
    this.reader.start();
  }

  private async closeReader(): Promise<void> {
    const { reader } = this;
    this.reader = undefined;
    this.recordsBefore += reader?.records ?? 0;
    await reader?.close();
  }

  private get records(): number {
    return this.recordsBefore + (this.reader?.records ?? 0);
  }

  private async beginAt(generation: number): Promise<void> {
    const { from } = this.options;
    if (!from) return;
    const { topicPrefix } = this.parts;
    const groupId = this.groupIdOf(generation);
    for (const topic of projectionTopics(this.projection)) {
      const partitions = await this.admin.fetchTopicOffsetsByTimestamp(topicPrefix + topic, from.getTime());
      await this.admin.setOffsets({ groupId, topic: topicPrefix + topic, partitions });
    }
  }

  /** Until what was written while the last stretch was read is read within a second. */
  private async catchUp(): Promise<void> {
    for (;;) {
      const ends = await this.ends();
      const startedAt = performance.now();
      while (!(await holds(() => this.isDone(ends), 2_000))) {
        if (this.aborted) throw this.aborted;
        this.options.onProgress?.(`${this.records} records read`);
      }
      if (performance.now() - startedAt < 1_000) return;
    }
  }

  private async switchOver(claimed: Claimed): Promise<void> {
    for (;;) {
      if (this.aborted) throw this.aborted;
      try {
        await this.parts.db.transaction((tx) => this.switchIn(tx, claimed));
        this.switched = true;
        return;
      } catch (error) {
        if (await this.hasSwitched(claimed)) return;
        if (!(error instanceof NotNowError) && !isTransient(error)) throw error;
        this.options.onProgress?.('The tables are busy; the switch waits');
        await this.closeReader();
        await this.newReader(claimed);
        await this.catchUp();
      }
    }
  }

  /** A commit whose outcome was unknown may have worked. */
  private async hasSwitched({ generation }: Claimed): Promise<boolean> {
    const pointer = await findPointer(this.parts.db, this.projection.name).catch(() => null);
    this.switched ||= pointer?.generation === generation;
    return this.switched;
  }

  /**
   * The whole switch. First the live group's batches end and no new one begins, so that what is left to read is final;
   * when the new generation has that too, it is at least as new as the old one, and takes its place.
   */
  private async switchIn(tx: Tx, claimed: Claimed): Promise<void> {
    const { name, tables } = this.projection;
    const { active, generation } = claimed;
    const next = schemaOf(name, generation);
    await setLockTimeout(tx, 2_000);
    await lockGeneration(tx, name, active);
    const ends = await this.ends();
    if (!(await holds(() => this.isDone(ends), lastRecordsMs))) throw new NotNowError();
    if (this.aborted) throw this.aborted;
    await this.leaveToLive(active);
    await lockGeneration(tx, name, generation);
    const pointer = await lockPointer(tx, name);
    if (pointer?.rebuildGeneration !== generation) throw new Error('This rebuild was taken for dead');
    for (const table of tables) await showTable(tx, next, table);
    // Behind the views' locks: whoever erased through them before has committed, whoever comes later finds the new tables.
    await this.eraseAgain(tx, claimed);
    await movePointer(tx, name, generation);
    await dropGeneration(tx, schemaOf(name, active));
    await this.projection.switched?.(tx);
  }

  /**
   * The new group goes on where the old one has committed: what the old one has not had comes once more, live, for what its
   * records do outside the tables. For the tables it is nothing new.
   */
  private async leaveToLive(active: number): Promise<void> {
    const offsets = (await this.committedOf(active)).map((each) => ({
      ...each,
      offset: String(each.offset),
    }));
    try {
      await this.reader?.reader.finishAt(offsets, (id) => this.positionOf(id));
    } catch {
      // Between two generations of the group nothing can be committed.
      throw new NotNowError();
    }
  }

  private committedOf(generation: number): Promise<Ends> {
    const { topicPrefix } = this.parts;
    const topics = projectionTopics(this.projection);
    return committedOf(this.admin, { groupId: this.groupIdOf(generation), topics, topicPrefix });
  }

  private groupIdOf(generation: number): string {
    const { appName, topicPrefix } = this.parts;
    return topicPrefix + generationGroup(appName, this.projection, generation);
  }

  /** People whose rows were written here before they were put on the list: their erasure reached only what was read. */
  private async eraseAgain(tx: Tx, { startedAt, generation }: Claimed): Promise<void> {
    const since = new Date(startedAt.getTime() - longestErasureMs);
    await useSchema(tx, schemaOf(this.projection.name, generation));
    for (let after: string | null = null; ;) {
      const ids: string[] = await listErasedSince(tx, since, after);
      if (ids.length === 0) return;
      await this.projection.erase(tx, ids);
      after = ids.at(-1) ?? null;
    }
  }

  private isDone(ends: Ends): boolean {
    if (this.aborted) return true;
    return reached(ends, (id) => this.positionOf(id));
  }

  private positionOf(id: PartitionId): bigint | undefined {
    return this.reader?.positionOf(id) ?? this.starts.get(partitionKey(id));
  }

  private fingerprint(generation: number): Promise<Fingerprint> {
    const { name, compare } = this.projection;
    return this.parts.db.transaction((tx) => fingerprintOf(tx, schemaOf(name, generation), compare), {
      statementTimeoutMs: fingerprintMs,
    });
  }

  private ends(): Promise<Ends> {
    return endsOf(this.admin, this.projection, this.parts.topicPrefix);
  }

  /** The group of what is not written any more. Its members leave within a second or two after the switch. */
  private async deleteGroup({ active, generation }: Claimed): Promise<void> {
    const groupId = this.groupIdOf(this.switched ? active : generation);
    if (await deleteGroup(this.admin, groupId)) return;
    this.options.onProgress?.(
      `The group ${groupId} still has members and was not deleted; nothing reads its offsets`,
    );
  }
}
