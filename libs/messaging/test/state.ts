import { userStateV1, type EventData } from '@nest-arch/contracts';
import { execute, many, type Db, type Queryable, type Tx } from '@nest-arch/database';
import type { Outbox } from '../src/index.js';
import { StateComparison, type ComparisonParts } from '../src/state/comparison.js';
import { stateSource, type StateRow } from '../src/state/state-source.js';
import { TopicScan } from '../src/state/topic-scan.js';
import { readHeaders, type Headers } from '../src/wire/headers.js';

type UserState = EventData<typeof userStateV1>;

interface Spec {
  brokers: string[];
  prefix: string;
  db: Db;
}

/** A table with a state topic, as a service owns one. */
export const people = {
  create: (db: Db) =>
    execute(db, `create table people (user_id uuid primary key, version int not null, email text not null)`),

  source: stateSource<UserState>({
    event: userStateV1,
    page: (db, { after, limit }) =>
      select(
        db,
        `where user_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') order by user_id limit $2`,
        [after, limit],
      ),
    lock: (tx, keys) => select(tx, `where user_id = any ($1::uuid[]) order by user_id for share`, [keys]),
  }),

  /** Takes the next version of this person, and announces it unless told otherwise. */
  async save(tx: Tx, outbox: Outbox | null, userId: string): Promise<number> {
    const [row] = await many<{ version: number; email: string }>(
      tx,
      `insert into people as p values ($1, 1, $2) on conflict (user_id) do update set version = p.version + 1
       returning version, email`,
      [userId, `${userId}@example.com`],
    );
    if (!row) throw new Error('no row');
    const { version, email } = row;
    await outbox?.add(tx, userStateV1, stateOf({ userId, version, email }), { key: userId, version });
    return version;
  },
};

export function stateOf({ userId, version, email }: { userId: string; version: number; email: string }) {
  return { ...userStateV1.fixture, userId, version, email };
}

async function select(db: Queryable, rest: string, params: unknown[]): Promise<StateRow<UserState>[]> {
  const rows = await many<{ userId: string; version: number; email: string }>(
    db,
    `select user_id as "userId", version, email from people ${rest}`,
    params,
  );
  return rows.map((row) => ({ key: row.userId, version: row.version, data: stateOf(row) }));
}

export function newComparison(
  spec: Spec,
  outbox: Outbox,
  options: Pick<ComparisonParts, 'pageSize' | 'keysPerPass'> = {},
): StateComparison {
  const { db, brokers, prefix: topicPrefix } = spec;
  return new StateComparison({
    ...{ db, outbox, brokers, topicPrefix, appName: 'spec', source: people.source },
    ...options,
  });
}

export interface RawRecord {
  partition: number;
  key: string;
  value: string | null;
  headers: Headers;
}

/** Every record of the state topic, those included that readers do not get to see. */
export async function readRaw(spec: Spec, partitions = 8): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  const scan = new TopicScan({
    ...{ brokers: spec.brokers, clientId: 'spec', groupPrefix: spec.prefix },
    topic: spec.prefix + userStateV1.topic.name,
    partitions: Array.from({ length: partitions }, (_, partition) => partition),
    onMessage: ({ key, value, headers }, partition) =>
      records.push({
        ...{ partition, key: key?.toString() ?? '', value: value?.toString() ?? null },
        headers: readHeaders(headers),
      }),
  });
  try {
    await scan.readToEnd();
    return records;
  } finally {
    await scan.close();
  }
}

/** Version and presence of the last record of each key. */
export async function lastRecords(spec: Spec): Promise<Map<string, { version: number; hasValue: boolean }>> {
  const records = await readRaw(spec);
  return new Map(
    records.map(({ key, value, headers }) => [
      key,
      { version: Number(headers['ce_version']), hasValue: value !== null },
    ]),
  );
}
