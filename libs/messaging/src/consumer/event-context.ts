import type { Tx } from '@nest-arch/database';

/** What a handler gets beside the data, by Nest's `@Ctx()`. */
export interface EventContext {
  /** The transaction that holds the inbox row. The handler's effect belongs into it and commits with it. */
  readonly tx: Tx;
  /** The event's id, the same on every delivery. */
  readonly id: string;
  readonly type: string;
  /** The record's key: the user's id, except for heartbeats. */
  readonly key: string;
  readonly version: number | null;
  /** When the event was written, by the clock of the producer's database. */
  readonly time: Date;
  /** True for a state record without value: the state of this key is gone. The payload is then null. */
  readonly tombstone: boolean;
  readonly traceparent?: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Aborted when the deadline has passed; pass it to what can be slow. */
  readonly signal: AbortSignal;
}

/** Trying again cannot help: the record goes to the dead letters at once, with this message. Keep secrets out of it. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}
