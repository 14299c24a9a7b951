import { userStateV1, type EventData } from '@nest-arch/contracts';
import { execute, one, type Db, type Tx } from '@nest-arch/database';
import {
  createProjection,
  createTopics,
  InboxPartitions,
  onStates,
  Outbox,
  ProjectionServer,
  Publisher,
  Relay,
  StateSnapshot,
  type Projection,
  type StateSource,
} from '@nest-arch/messaging';
import { engines, testDatabase, testKafkaPrefix, waitFor } from '@nest-arch/testing';
import { migrations } from '../migrations/index.js';
import { entities } from '../entities.js';
import { ownedStates } from '../users/user-state.js';

type State = EventData<typeof userStateV1>;

/** Everything that auth says of its users, as another service would keep it. */
class Copies implements Projection {
  readonly name = 'copies';
  readonly tables = ['copies'];
  readonly schema = [
    `create table copies (
       user_id uuid primary key, version integer not null, email text not null, verified boolean not null,
       status text not null, roles text not null, locale text, region text not null, source text not null,
       created_at timestamptz not null, display_name text)`,
  ];
  readonly compare = 'select * from copies';
  readonly reads = [onStates(userStateV1, ({ tx }, { current }) => this.keep(tx, current))];

  erase(): Promise<void> {
    return Promise.resolve();
  }

  private async keep(tx: Tx, current: readonly { data: State }[]): Promise<void> {
    const column = <T>(pick: (state: State) => T) => current.map(({ data }) => pick(data));
    await execute(
      tx,
      `insert into copies as c
       select * from unnest($1::uuid[], $2::int[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[],
                            $8::text[], $9::text[], $10::timestamptz[], $11::text[])
       on conflict (user_id) do update
          set version = excluded.version, email = excluded.email, verified = excluded.verified, status = excluded.status,
              roles = excluded.roles, locale = excluded.locale, display_name = excluded.display_name
        where excluded.version > c.version`,
      [
        column(({ userId }) => userId),
        column(({ version }) => version),
        column(({ email }) => email),
        column(({ emailVerified }) => emailVerified),
        column(({ status }) => status),
        column(({ roles }) => roles.join()),
        column(({ locale }) => locale),
        column(({ region }) => region),
        column(({ source }) => source),
        column(({ createdAt }) => createdAt),
        column(({ initialProfile }) => initialProfile?.displayName ?? null),
      ],
    );
  }
}

const source = `
  select user_id, version, email, email_verified_at is not null, status, array_to_string(roles, ','), locale, region,
         source, created_at, initial_profile ->> 'displayName' from users`;

/** Auth's database and state topic, with a consumer that has not begun. */
export async function startCopies() {
  const prefix = testKafkaPrefix();
  const brokers = engines.kafkaBrokers.split(',');
  const read = [userStateV1.topic];
  const [database] = await Promise.all([
    testDatabase({ entities, migrations, poolSize: 10 }),
    createTopics({ brokers, prefix, groups: { 'spec.copies': read }, only: read }),
  ]);
  const { db } = database;
  const copies = new Copies();
  for (const statement of createProjection('copies', copies)) await execute(db, statement);
  const parts = { db, partitions: new InboxPartitions(db), brokers, appName: 'spec', topicPrefix: prefix };
  const server = new ProjectionServer(parts, copies);
  return {
    db,
    announce: () => announce(db, { brokers, topicPrefix: prefix }),
    /** Answers the seconds until as many are there. */
    async consume(count: number): Promise<number> {
      const started = performance.now();
      server.listen(() => {});
      await waitFor(async () => (await countOf(db)) >= count, { timeoutMs: 1_200_000, what: 'all copies' });
      return (performance.now() - started) / 1000;
    },
    fingerprints: async () => [await fingerprint(db, source), await fingerprint(db, copies.compare)],
    stop: async () => {
      await server.close();
      await database.drop();
    },
  };
}

/** People as they are after a while: some unverified, disabled, in a role, changed, with names or without. */
export async function insertUsers(db: Db, count: number): Promise<void> {
  const pageSize = 100_000;
  for (let from = 1; from <= count; from += pageSize) {
    await execute(
      db,
      `insert into users (user_id, email, email_verified_at, status, roles, locale, region, source, version,
                          initial_profile, created_at)
       select gen_random_uuid(), 'person.' || i || '@example.com', case when i % 20 > 0 then now() end,
              case when i % 200 = 0 then 'disabled' else 'active' end,
              case when i % 1000 = 0 then array['admin', 'support'] else '{}' end,
              (array['en', 'de', 'fr', 'pt-BR', null])[1 + i % 5], 'default',
              (array['self', 'self', 'import'])[1 + i % 3], 1 + i % 7,
              case when i % 4 = 0 then jsonb_build_object('displayName', 'Žofie Møller ' || i) end,
              date_trunc('milliseconds', now() - i * interval '1 second')
         from generate_series($1::int, $2::int) i`,
      [from, Math.min(count, from + pageSize - 1)],
    );
  }
}

async function announce(db: Db, kafka: { brokers: string[]; topicPrefix: string }): Promise<void> {
  const publishers = [
    new Publisher({ ...kafka, clientId: 'spec' }),
    new Publisher({ ...kafka, clientId: 'spec' }),
  ];
  const [sending, urgent] = publishers as [Publisher, Publisher];
  const relay = new Relay(db, sending);
  const outbox = new Outbox({ source: '/nest-arch/auth', relay, urgent });
  relay.start();
  const users = ownedStates.find(({ event }) => event === userStateV1) as StateSource;
  await new StateSnapshot({ db, outbox, source: users }).run();
  const waiting = () => one<{ left: boolean }>(db, `select exists (select 1 from outbox) as "left"`);
  await waitFor(async () => !(await waiting()).left, { timeoutMs: 600_000, what: 'the outbox to be empty' });
  await relay.stop();
  await Promise.all(publishers.map((publisher) => publisher.close()));
}

async function countOf(db: Db): Promise<number> {
  return (await one<{ count: number }>(db, `select count(*)::int as count from copies`)).count;
}

function fingerprint(db: Db, rows: string): Promise<{ count: number; checksum: string }> {
  return db.transaction(
    (tx) =>
      one(
        tx,
        `select count(*)::int as count, sum(hashtextextended(t::text, 0))::text as checksum from (${rows}) t`,
      ),
    { statementTimeoutMs: 120_000 },
  );
}
