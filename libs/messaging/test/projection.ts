import { userRegisteredV1, userStateV1, type EventData } from '@nest-arch/contracts';
import { execute, many, type Db, type Tx } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { onEvents, onStates, InboxPartitions, type Projection, type ProjectionBatch } from '../src/index.js';
import { createProjection } from '../src/projections/migrations.js';
import { ProjectionServer } from '../src/projections/projection-server.js';
import type { ProjectionServerOptions } from '../src/projections/generation-reader.js';
import type { States } from '../src/projections/reads.js';

/** Addresses and registrations of people, as a projection for specs. */
export class People implements Projection {
  readonly name = 'people';
  readonly tables = ['people', 'arrivals'];
  readonly schema = [
    `create table people (user_id uuid primary key, email text not null, version integer not null,
                          written_at timestamptz not null default now())`,
    `create table arrivals (seq bigint generated always as identity, event_id text not null, user_id uuid not null)`,
  ];
  readonly compare: string = 'select user_id, email, version from people';
  /** Batches as they reached the handlers. */
  readonly batches: { live: boolean; keys: string[] }[] = [];
  readonly switches: number[] = [];
  before: (batch: ProjectionBatch, keys: string[]) => Promise<void> | void = () => {};

  readonly reads = [
    onStates(userStateV1, (batch, states) => this.state(batch, states)),
    onEvents(userRegisteredV1, async (batch, events) => {
      await this.note(
        batch,
        events.map(({ key }) => key),
      );
      await execute(
        batch.tx,
        `insert into arrivals (event_id, user_id) select * from unnest($1::text[], $2::uuid[])`,
        [events.map(({ id }) => id), events.map(({ key }) => key)],
      );
    }),
  ];

  async erase(tx: Tx, userIds: readonly string[]): Promise<void> {
    for (const table of this.tables)
      await execute(tx, `delete from ${table} where user_id = any($1::uuid[])`, [userIds]);
  }

  async switched(tx: Tx): Promise<void> {
    this.switches.push((await many(tx, `select 1 from people`)).length);
  }

  private async state(batch: ProjectionBatch, { current, gone }: States<EventData<typeof userStateV1>>) {
    await this.note(
      batch,
      [...current, ...gone].map(({ key }) => key),
    );
    if (current.length > 0)
      await execute(
        batch.tx,
        `insert into people as p (user_id, email, version) select * from unnest($1::uuid[], $2::text[], $3::int[])
         on conflict (user_id) do update set email = excluded.email, version = excluded.version
          where excluded.version > p.version`,
        [
          current.map(({ key }) => key),
          current.map(({ data }) => data.email),
          current.map(({ data }) => data.version),
        ],
      );
    await this.erase(
      batch.tx,
      gone.map(({ key }) => key),
    );
  }

  private async note(batch: ProjectionBatch, keys: string[]): Promise<void> {
    await this.before(batch, keys);
    this.batches.push({ live: batch.live, keys });
  }
}

/** Statements of the first generation, as a migration would run them. */
export async function migratePeople(db: Db): Promise<void> {
  const { name, tables, schema } = new People();
  for (const statement of createProjection(name, { tables, schema })) await execute(db, statement);
}

export function projectionParts(spec: { db: Db; brokers: string[]; prefix: string }) {
  return {
    db: spec.db,
    partitions: new InboxPartitions(spec.db),
    brokers: spec.brokers,
    appName: 'spec',
    topicPrefix: spec.prefix,
  };
}

/** A server that reads before this resolves. */
export async function startProjection(
  spec: { db: Db; brokers: string[]; prefix: string },
  projection: Projection,
  options: ProjectionServerOptions = {},
): Promise<ProjectionServer> {
  const server = new ProjectionServer(projectionParts(spec), projection, {
    retry: { backoffMs: 10, pauseMs: 200 },
    ...options,
  });
  server.listen(() => {});
  await waitFor(() => server.trouble === undefined, { what: 'the projection to join' });
  return server;
}
