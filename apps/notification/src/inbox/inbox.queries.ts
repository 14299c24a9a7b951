import { many, maybeOne, one, type Queryable, type Tx } from '@nest-arch/database';

export interface InboxRow {
  id: string;
  sequence: number;
  type: string;
  payload: Record<string, unknown>;
  createdAt: Date;
  readAt: Date | null;
}

export interface Counter {
  lastSequence: number;
  unread: number;
}

const itemColumns = `item_id as id, sequence, type, payload, created_at as "createdAt", read_at as "readAt"`;

/**
 * Stores an item under the person's next sequence. The counter's row lock is held until the commit, so sequences become
 * visible in their order and without gaps: who has read up to n has missed nothing before n.
 */
export function insertItem(
  tx: Tx,
  { userId, itemId, type, payload }: { userId: string; itemId: string; type: string; payload: object },
): Promise<{ sequence: number }> {
  return one(
    tx,
    `with counter as (
       insert into inbox_counters as c (user_id, last_sequence, unread) values ($1, 1, 1)
       on conflict (user_id) do update set last_sequence = c.last_sequence + 1, unread = c.unread + 1
       returning last_sequence)
     insert into inbox_items (user_id, sequence, item_id, type, payload)
     select $1, last_sequence, $2, $3, $4 from counter
     returning sequence`,
    [userId, itemId, type, JSON.stringify(payload)],
  );
}

export async function findCounter(db: Queryable, userId: string): Promise<Counter> {
  const counter = await maybeOne<Counter>(
    db,
    `select last_sequence as "lastSequence", unread from inbox_counters where user_id = $1`,
    [userId],
  );
  return counter ?? { lastSequence: 0, unread: 0 };
}

/** Whoever changes the inbox of a person does it one after the other. Null: the person has none. */
export function lockCounter(tx: Tx, userId: string): Promise<Counter | null> {
  return maybeOne<Counter>(
    tx,
    `select last_sequence as "lastSequence", unread from inbox_counters where user_id = $1 for update`,
    [userId],
  );
}

/** Null when there is no such item. */
export function findReadAt(
  db: Queryable,
  userId: string,
  itemId: string,
): Promise<{ readAt: Date | null } | null> {
  return maybeOne(db, `select read_at as "readAt" from inbox_items where user_id = $1 and item_id = $2`, [
    userId,
    itemId,
  ]);
}

/** Under the counter's lock. Null when the item has been read before. */
export function markItemRead(tx: Tx, userId: string, itemId: string): Promise<Counter | null> {
  return maybeOne<Counter>(
    tx,
    `with marked as (
       update inbox_items i set read_at = now(), read_sequence = c.last_sequence + 1
         from inbox_counters c
        where c.user_id = $1 and i.user_id = $1 and i.item_id = $2 and i.read_at is null
       returning i.read_sequence)
     update inbox_counters c set last_sequence = marked.read_sequence, unread = c.unread - 1
       from marked
      where c.user_id = $1
     returning c.last_sequence as "lastSequence", c.unread`,
    [userId, itemId],
  );
}

/** Under the counter's lock. Null when nothing up to there was unread. */
export function markAllRead(tx: Tx, userId: string, upTo: number): Promise<Counter | null> {
  return maybeOne<Counter>(
    tx,
    `with marked as (
       update inbox_items set read_at = now()
        where user_id = $1 and read_at is null and sequence <= $2
       returning 1),
     total as (select count(*)::int as number from marked),
     noted as (
       insert into inbox_read_alls (user_id, sequence, up_to)
       select $1, c.last_sequence + 1, least($2, c.last_sequence)
         from inbox_counters c, total
        where c.user_id = $1 and total.number > 0
       returning sequence)
     update inbox_counters c set last_sequence = noted.sequence, unread = c.unread - total.number
       from noted, total
      where c.user_id = $1
     returning c.last_sequence as "lastSequence", c.unread`,
    [userId, upTo],
  );
}

export interface ListQuery {
  userId: string;
  unread: boolean;
  /** Items below this sequence, newest first; or above it, oldest first. */
  from?: { sequence: number; direction: 'older' | 'newer' } | undefined;
  limit: number;
}

export interface InboxList extends Reader {
  lastSequence: number;
  items: InboxRow[];
}

/** What rendering needs to know of the reader. */
export interface Reader {
  name: string | null;
  locale: string | null;
}

/** Items and counter in one snapshot: a stream that begins after `lastSequence` continues this very list. */
export async function listItems(db: Queryable, query: ListQuery): Promise<InboxList> {
  const { direction, sequence } = query.from ?? { direction: 'older', sequence: highestSequence };
  const newer = direction === 'newer';
  const rows = await many<Reader & { lastSequence: number } & (InboxRow | NoItem)>(
    db,
    `select c.last_sequence as "lastSequence", i.*, ${readerColumns}
       from inbox_counters c
       left join contacts k on k.user_id = c.user_id
       left join lateral (
         select ${itemColumns} from inbox_items
          where user_id = c.user_id ${query.unread ? 'and read_at is null' : ''}
            and sequence ${newer ? '>' : '<'} $2
          order by sequence ${newer ? 'asc' : 'desc'} limit $3) i on true
      where c.user_id = $1`,
    [query.userId, sequence, query.limit],
  );
  const { lastSequence, name, locale } = rows[0] ?? { lastSequence: 0, name: null, locale: null };
  return {
    lastSequence,
    name,
    locale,
    items: rows.filter((row): row is Reader & { lastSequence: number } & InboxRow => row.id !== null),
  };
}

interface NoItem {
  id: null;
}

const highestSequence = 2_147_483_647;
const readerColumns = `coalesce(k.display_name, k.initial_name) as name, coalesce(k.profile_locale, k.auth_locale) as locale`;

/** Something that took a sequence: an item, the mark of one item, or the mark of all up to a point. */
export type ChangeRow = Reader & { at: number } & (
    | ({ kind: 'item' } & InboxRow)
    | { kind: 'read'; id: string; readAt: Date }
    | { kind: 'read_all'; upTo: number; readAt: Date }
  );

/** What has happened in an inbox after a sequence, in order. */
export function listChanges(
  db: Queryable,
  { userId, after, limit }: { userId: string; after: number; limit: number },
): Promise<ChangeRow[]> {
  return many<ChangeRow>(
    db,
    `select changes.*, ${readerColumns}
       from (
         select * from (
           select sequence as at, 'item' as kind, ${itemColumns}, null::int as "upTo"
             from inbox_items where user_id = $1 and sequence > $2 order by sequence limit $3) items
         union all
         select * from (
           select read_sequence, 'read', item_id, sequence, type, payload, created_at, read_at, null::int
             from inbox_items where user_id = $1 and read_sequence > $2 order by read_sequence limit $3) marks
         union all
         select * from (
           select sequence, 'read_all', null::uuid, sequence, null::text, null::jsonb, null::timestamptz, read_at, up_to
             from inbox_read_alls where user_id = $1 and sequence > $2 order by sequence limit $3) alls
       ) changes
       left join contacts k on k.user_id = $1
      order by at limit $3`,
    [userId, after, limit],
  );
}

/** The last sequences of people with open streams, in one statement. */
export function findLastSequences(
  db: Queryable,
  userIds: readonly string[],
): Promise<{ userId: string; lastSequence: number }[]> {
  return many(
    db,
    `select user_id as "userId", last_sequence as "lastSequence" from inbox_counters where user_id = any($1::uuid[])`,
    [userIds],
  );
}
