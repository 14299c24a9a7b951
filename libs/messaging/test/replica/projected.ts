// What the replica keeps as a projection, many records in one transaction. Loaded by node itself: no decorators, no
// parameter properties.
import { profileStateV1, profileUpdatedV1 } from '@nest-arch/contracts';
import { execute, type Tx } from '@nest-arch/database';
import {
  onEvents,
  onStates,
  PermanentError,
  type ProjectedEvent,
  type Projection,
  type ProjectionBatch,
  type States,
} from '@nest-arch/messaging';
import { deadLetterMark, projection } from './tables.ts';

export class Projected implements Projection {
  readonly name = projection.name;
  readonly tables = projection.tables;
  readonly schema = projection.schema;
  readonly compare = 'select user_id, version from projected_states';
  readonly reads = [
    onEvents(profileUpdatedV1, (batch, events) => this.events(batch, events)),
    onStates(profileStateV1, (batch, states) => this.states(batch, states)),
  ];

  async erase(tx: Tx, userIds: readonly string[]): Promise<void> {
    for (const table of this.tables)
      await execute(tx, `delete from ${table} where user_id = any($1::uuid[])`, [userIds]);
  }

  private async events(
    { tx }: ProjectionBatch,
    events: readonly ProjectedEvent<{ changedFields: string[] }>[],
  ): Promise<void> {
    await execute(
      tx,
      `insert into projected_effects (user_id, n, event_id)
       select * from unnest($1::uuid[], $2::int[], $3::text[])`,
      [events.map(({ key }) => key), events.map(({ version }) => version), events.map(({ id }) => id)],
    );
    if (events.some(({ data }) => data.changedFields.includes(deadLetterMark)))
      throw new PermanentError('every third');
  }

  private async states({ tx }: ProjectionBatch, { current }: States<unknown>): Promise<void> {
    await execute(
      tx,
      `insert into projected_states as s select * from unnest($1::uuid[], $2::int[])
       on conflict (user_id) do update set version = excluded.version where excluded.version > s.version`,
      [current.map(({ key }) => key), current.map(({ version }) => version)],
    );
  }
}
