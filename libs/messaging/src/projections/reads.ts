import { userErasureDueV1, userErasuresV1, type EventDefinition } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import type { EventRecord } from '../consumer/record.js';

/** What a handler of a projection works in: one transaction for many records. */
export interface ProjectionBatch {
  /** Unqualified table names mean the projection's own generation first. */
  readonly tx: Tx;
  /** False while the generation is being built: then nothing outside its tables may change. */
  readonly live: boolean;
  /** Aborted when the deadline has passed. */
  readonly signal: AbortSignal;
}

export interface GoneState {
  readonly key: string;
  readonly version: number | null;
  readonly time: Date;
}

export interface CurrentState<T> extends GoneState {
  readonly data: T;
}

/** The newest record of each key in a batch, in the order of the keys; each key is in one of the two lists. */
export interface States<T> {
  readonly current: readonly CurrentState<T>[];
  /** State that has ended, by a tombstone. */
  readonly gone: readonly GoneState[];
}

export interface ProjectedEvent<T> {
  readonly id: string;
  readonly key: string;
  readonly version: number | null;
  readonly time: Date;
  readonly data: T;
}

/** One type of record that a projection reads. Made by `onStates` and `onEvents`. */
export interface ProjectionRead {
  readonly definition: EventDefinition;
  apply(batch: ProjectionBatch, records: EventRecord[]): Promise<void>;
}

/**
 * Reads state. The statement must compare versions (`on conflict do update … where excluded.version > version`): older
 * records may come again.
 */
export function onStates<T>(
  definition: EventDefinition<T>,
  handler: (batch: ProjectionBatch, states: States<T>) => Promise<void>,
): ProjectionRead {
  if (definition.kind !== 'state') throw new Error(`${definition.type} is no state: use onEvents`);
  return {
    definition: checked(definition),
    apply: (batch, records) => handler(batch, newestStates<T>(records)),
  };
}

/** Reads events, each once and in the order of its partition. */
export function onEvents<T>(
  definition: EventDefinition<T>,
  handler: (batch: ProjectionBatch, events: readonly ProjectedEvent<T>[]) => Promise<void>,
): ProjectionRead {
  if (definition.kind !== 'event') throw new Error(`${definition.type} is state: use onStates`);
  return {
    definition: checked(definition),
    apply: (batch, records) =>
      handler(
        batch,
        records.map(({ id, key, version, time, data }) => ({ id, key, version, time, data: data as T })),
      ),
  };
}

/** Of several records of a key the one with the highest version; where versions are missing or equal, the last. */
export function newestStates<T>(records: readonly EventRecord[]): States<T> {
  const newest = new Map<string, EventRecord>();
  for (const record of records) {
    const other = newest.get(record.key);
    if (!other || (record.version ?? Infinity) >= (other.version ?? 0)) newest.set(record.key, record);
  }
  const current: CurrentState<T>[] = [];
  const gone: GoneState[] = [];
  // In one order everywhere, or two batches that lock the same rows could lock each other out.
  for (const { key, version, time, tombstone, data } of [...newest.values()].sort(byKey)) {
    if (tombstone) gone.push({ key, version, time });
    else current.push({ key, version, time, data: data as T });
  }
  return { current, gone };
}

function byKey(a: EventRecord, b: EventRecord): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}

// Their handlers wait for all batches that run, and a batch would wait for itself.
function checked(definition: EventDefinition<never> | EventDefinition): EventDefinition {
  const { type } = definition;
  if (type === userErasureDueV1.type || type === userErasuresV1.type)
    throw new Error(`${type} puts people on the erasure list: that is no projection's task`);
  return definition as EventDefinition;
}
