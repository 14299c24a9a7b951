import { uuidv7 } from '@nest-arch/database';
import { InboxPartitions } from '@nest-arch/messaging';
import { Client } from 'pg';
import { type Measurement, rate, repeat } from '../measurement.ts';
import { registered } from '../records.ts';
import type { Span } from '../stopwatch.ts';
import type { World } from '../world.ts';

/** Handlers at work at once in a service, and callers of the scenario that inserts. */
export const handlersAtOnce = 6;
export const callersAtOnce = 16;

type Work = (client: Client) => Promise<number>;

/** What bare pg and Postgres can do with the same statements, prepared, when nothing of ours is between. */
export async function postgresLimits(world: World): Promise<Measurement[]> {
  const { db, url } = await world.database('limits');
  await new InboxPartitions(db).ensureFor(uuidv7());
  const clients = await connect(url, callersAtOnce);
  await clients[0]?.query(`
    create table effects (event_id uuid not null, user_id uuid not null, version integer not null);
    create table states (user_id uuid primary key, version integer not null, email text not null);
    create table users (id uuid primary key, version integer not null) with (fillfactor = 70);
    create table singles (id uuid primary key, body text not null)`);
  const users = Array.from({ length: 10_000 }, () => uuidv7());
  await clients[0]?.query('insert into users select unnest($1::uuid[]), 1', [users]);
  const few = clients.slice(0, handlersAtOnce);
  const measured = async (about: Pick<Measurement, 'id' | 'what'>, on: Client[], work: Work) => {
    await flatOut(world, { on, work, seconds: 1 });
    const seconds = Math.max(1, world.seconds / 3);
    return rate(about, await repeat(3, () => flatOut(world, { on, work, seconds })));
  };
  const n = `${handlersAtOnce} connections`;
  const m = `${callersAtOnce} connections`;
  const limits = [
    await measured({ id: 'pg-single', what: `pg: one insert a transaction, ${n}` }, few, insertOne),
    await measured({ id: 'pg-single-16', what: `pg: one insert a transaction, ${m}` }, clients, insertOne),
    await measured(
      { id: 'pg-consume', what: `pg: begin, inbox row, effect, commit, ${n}` },
      few,
      consumeOne(users),
    ),
    await measured(
      { id: 'pg-consume-state', what: `pg: begin, gate, guarded upsert, commit, ${n}` },
      few,
      upsertOne(users),
    ),
    await measured(
      { id: 'pg-announce', what: `pg: begin, update, outbox row, commit, ${m}` },
      clients,
      announceOne(users),
    ),
    await measured(
      { id: 'pg-batch', what: 'pg: 500 inbox rows and 500 effects a transaction, 1 connection' },
      clients.slice(0, 1),
      insertMany(users),
    ),
  ];
  await Promise.all(clients.map((client) => client.end()));
  return limits;
}

async function connect(url: string, count: number): Promise<Client[]> {
  const clients = Array.from({ length: count }, () => new Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  return clients;
}

/** Every connection works without a pause. `work` answers how many events it dealt with. */
async function flatOut(
  world: World,
  { on, work, seconds }: { on: Client[]; work: Work; seconds: number },
): Promise<Span> {
  const watch = await world.watch('postgres-limit');
  const until = performance.now() + seconds * 1000;
  let done = 0;
  const run = async (client: Client) => {
    while (performance.now() < until) {
      // Not `done += await …`, which would add to what `done` was before the others added to it.
      const dealtWith = await work(client);
      done += dealtWith;
    }
  };
  await Promise.all(on.map(run));
  return watch.stop(done);
}

const body = 'x'.repeat(200);

async function insertOne(client: Client): Promise<number> {
  await client.query({
    name: 'single',
    text: 'insert into singles (id, body) values ($1, $2)',
    values: [uuidv7(), body],
  });
  return 1;
}

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

function consumeOne(users: string[]): Work {
  return async (client) => {
    const [id, user] = [uuidv7(), pick(users)];
    await client.query('begin');
    await client.query({
      name: 'inbox',
      text: `insert into inbox (event_id, consumer_group) values ($1, 'limits') on conflict do nothing
             returning messaging_user_gate($2::uuid, false) as erased`,
      values: [id, user],
    });
    await client.query({
      name: 'effect',
      text: 'insert into effects (event_id, user_id, version) values ($1, $2, $3)',
      values: [id, user, 1],
    });
    await client.query('commit');
    return 1;
  };
}

function upsertOne(users: string[]): Work {
  let version = 0;
  return async (client) => {
    const user = pick(users);
    version += 1;
    await client.query('begin');
    await client.query({
      name: 'gate',
      text: 'select messaging_user_gate($1::uuid, false) as erased',
      values: [user],
    });
    await client.query({
      name: 'upsert',
      text: `insert into states (user_id, version, email) values ($1, $2, $3)
             on conflict (user_id) do update set version = excluded.version, email = excluded.email
              where excluded.version > states.version`,
      values: [user, version, `${user}@example.com`],
    });
    await client.query('commit');
    return 1;
  };
}

function announceOne(users: string[]): Work {
  const { key: _, ...example } = registered({ userId: uuidv7(), version: 1 });
  let next = 0;
  return async (client) => {
    // Another user each time: no two connections wait for one row lock.
    const user = users[next++ % users.length] as string;
    await client.query('begin');
    await client.query({
      name: 'change',
      text: 'update users set version = version + 1 where id = $1 returning version',
      values: [user],
    });
    await client.query({
      name: 'announce',
      text: `insert into outbox (bucket, id, topic, key, type, version, payload, headers)
             values ($1, $2, $3, $4, $5, $6, $7, $8) returning created_at as "createdAt"`,
      values: [
        next % 64,
        uuidv7(),
        example.topic,
        user,
        example.headers['ce_type'],
        1,
        example.value,
        JSON.stringify(example.headers),
      ],
    });
    await client.query('commit');
    return 1;
  };
}

function insertMany(users: string[]): Work {
  return async (client) => {
    const ids = Array.from({ length: 500 }, () => uuidv7());
    await client.query('begin');
    await client.query({
      name: 'inbox-many',
      text: `insert into inbox (event_id, consumer_group) select unnest($1::uuid[]), 'limits' on conflict do nothing`,
      values: [ids],
    });
    await client.query({
      name: 'effects-many',
      text: 'insert into effects (event_id, user_id, version) select *, 1 from unnest($1::uuid[], $2::uuid[])',
      values: [ids, ids.map(() => pick(users))],
    });
    await client.query('commit');
    return ids.length;
  };
}
