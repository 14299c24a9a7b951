import { type EventDefinition, userRegisteredV1, userStateV1 } from '@nest-arch/contracts';
import { type Db, execute, uuidv7 } from '@nest-arch/database';
import { header, type Publisher } from '@nest-arch/messaging';
import { crc32 } from 'node:zlib';

/** What a record is about: a user, and how often something of theirs has changed. */
export interface Change {
  userId: string;
  version: number;
}

/** Every user once, then every user again: neighbours in a topic are different people, as in life. */
export function changes(users: readonly string[], versions: number): Change[] {
  return Array.from({ length: versions }, (_, index) =>
    users.map((userId) => ({ userId, version: index + 1 })),
  ).flat();
}

export function newUsers(count: number): string[] {
  return Array.from({ length: count }, () => uuidv7());
}

export const registered = ({ userId, version }: Change) =>
  record(userRegisteredV1, { ...userRegisteredV1.fixture, userId, version }, { userId, version });

export const state = ({ userId, version }: Change) =>
  record(
    userStateV1,
    { ...userStateV1.fixture, userId, version, email: `${userId}@example.com` },
    { userId, version },
  );

/** A record as our services write it, trace headers included. */
function record<T>(event: EventDefinition<T>, data: T, { userId, version }: Change) {
  return {
    topic: event.topic.name,
    key: userId,
    value: JSON.stringify(data),
    headers: {
      [header.specVersion]: '1.0',
      [header.id]: uuidv7(),
      [header.type]: event.type,
      [header.subject]: userId,
      [header.time]: new Date().toISOString(),
      [header.contentType]: 'application/json',
      [header.source]: '/nest-arch/bench',
      [header.dataSchema]: event.dataschema,
      [header.traceparent]: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00',
      [header.version]: String(version),
    },
  };
}

export type BenchRecord = ReturnType<typeof record>;

/** Sends a record for every change, in batches of 500. */
export async function fillTopic(
  publisher: Publisher,
  all: readonly Change[],
  toRecord: (change: Change) => BenchRecord,
): Promise<void> {
  for (let start = 0; start < all.length; start += 500)
    await sendWhenLed(publisher, all.slice(start, start + 500).map(toRecord));
}

// A new topic is listed with its leaders a moment before they take records.
async function sendWhenLed(publisher: Publisher, batch: BenchRecord[]): Promise<void> {
  for (let triesLeft = 50; ; triesLeft -= 1) {
    try {
      await publisher.send(batch);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Puts rows into the outbox, as many a user as said, in the order in which `changes` names them. */
export async function fillOutbox(db: Db, users: readonly string[], perUser: number): Promise<void> {
  const example = registered({ userId: users[0] ?? '', version: 1 });
  const headers = Object.fromEntries(
    [header.source, header.dataSchema, header.traceparent].map((name) => [name, example.headers[name]]),
  );
  await execute(
    db,
    `insert into outbox (bucket, id, topic, key, type, version, payload, headers)
     select u.bucket, uuidv7(), $3, u.id, $4, g.version, replace($5, $6, u.id), $7
       from generate_series(1, $8) as g (version)
      cross join unnest($1::text[], $2::smallint[]) with ordinality as u (id, bucket, place)
      order by g.version, u.place`,
    [
      users,
      users.map((id) => crc32(id) % 64),
      userRegisteredV1.topic.name,
      userRegisteredV1.type,
      example.value,
      users[0],
      JSON.stringify(headers),
      perUser,
    ],
  );
  await execute(db, 'vacuum analyze outbox');
}
