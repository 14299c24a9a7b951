import type { EventDefinition } from '@nest-arch/contracts';
import type { Queryable, Tx } from '@nest-arch/database';

/** The present state of one key, as its record has to say it. */
export interface StateRow<T> {
  key: string;
  version: number;
  data: T;
}

/** Where the rows behind a state topic are: what the owner compares the topic with, and announces anew. */
export interface StateSource<T = unknown> {
  event: EventDefinition<T>;
  /** Rows in the order of their keys' bytes (uuid, or text under collation "C"), beginning after `after`. From the primary. */
  page(db: Queryable, range: { after: string | null; limit: number }): Promise<StateRow<T>[]>;
  /**
   * The rows of these keys that there are, each locked so that its version stays to the end of the transaction, in the
   * order of the keys. `for share` is enough.
   */
  lock(tx: Tx, keys: string[]): Promise<StateRow<T>[]>;
}

/** A state topic of this service; without rows it gets its heartbeats alone. */
export type OwnedState = StateSource | Pick<StateSource, 'event'>;

/** Checks the parts of a source against each other; a list of sources forgets what their data are. */
export function stateSource<T>(source: StateSource<T>): StateSource {
  return source as unknown as StateSource;
}

export function hasRows(state: OwnedState): state is StateSource {
  return 'page' in state;
}
