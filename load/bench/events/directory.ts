import { userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { type Db, execute, type Tx } from '@nest-arch/database';
import { createProjection, onEvents, onStates, type Projection } from '@nest-arch/messaging';

/** A projection as a service would have it: the newest state of every user, and one row for each registration. */
export class Directory implements Projection {
  readonly name = 'directory';
  readonly tables = ['people', 'arrivals'];
  readonly schema = [
    'create table people (user_id uuid primary key, version integer not null, email text not null)',
    'create table arrivals (event_id uuid not null, user_id uuid not null, version integer not null)',
  ];
  readonly compare = 'select user_id, version, email from people';
  /** Called with the number of records that a transaction is about to commit. */
  onRecords: (count: number) => void = () => undefined;

  readonly reads = [
    onStates(userStateV1, async ({ tx }, { current }) => {
      await execute(
        tx,
        `insert into people as p (user_id, version, email)
         select * from unnest($1::uuid[], $2::int[], $3::text[])
         on conflict (user_id) do update set version = excluded.version, email = excluded.email
          where excluded.version > p.version`,
        [
          current.map(({ key }) => key),
          current.map(({ data }) => data.version),
          current.map(({ data }) => data.email),
        ],
      );
      this.onRecords(current.length);
    }),
    onEvents(userRegisteredV1, async ({ tx }, events) => {
      await execute(
        tx,
        'insert into arrivals (event_id, user_id, version) select * from unnest($1::uuid[], $2::uuid[], $3::int[])',
        [events.map(({ id }) => id), events.map(({ key }) => key), events.map(({ data }) => data.version)],
      );
      this.onRecords(events.length);
    }),
  ];

  async erase(tx: Tx, userIds: readonly string[]): Promise<void> {
    for (const table of this.tables)
      await execute(tx, `delete from ${table} where user_id = any($1::uuid[])`, [userIds]);
  }
}

/** Its first generation, as a migration makes it. */
export async function createDirectory(db: Db): Promise<void> {
  for (const statement of createProjection('directory', new Directory())) await execute(db, statement);
}
