import { execute, many, type Db, type Queryable, type Tx } from '@nest-arch/database';

export interface NewDelivery {
  userId: string;
  deliveryId: string;
  messageId: string;
  state: 'pending' | 'awaiting_contact';
  messageIdHeader: string;
  sealed: string | null;
  contactVersion: number;
  causedAt: Date;
  expiresAt: Date;
  /** Null: at once, by the database's clock, which is the one that claims go by. */
  nextAttemptAt: Date | null;
  traceparent: string | null;
}

/** A delivery that this process holds, with what its message says. */
export interface ClaimedDelivery {
  userId: string;
  deliveryId: string;
  messageId: string;
  leaseId: string;
  type: string;
  locale: string | null;
  messageIdHeader: string;
  sealed: string | null;
  contactVersion: number;
  attempts: number;
  unacknowledged: number;
  causedAt: Date;
  expiresAt: Date;
  createdAt: Date;
  traceparent: string | null;
}

export function insertDelivery(tx: Tx, row: NewDelivery): Promise<number> {
  return execute(
    tx,
    `insert into deliveries (user_id, delivery_id, message_id, channel, state, message_id_header, sealed,
                             contact_version, caused_at, expires_at, next_attempt_at, traceparent)
     values ($1, $2, $3, 'email', $4, $5, $6, $7, $8, $9, coalesce($10, now()), $11)`,
    [
      row.userId,
      row.deliveryId,
      row.messageId,
      row.state,
      row.messageIdHeader,
      row.sealed,
      row.contactVersion,
      row.causedAt,
      row.expiresAt,
      row.nextAttemptAt,
      row.traceparent,
    ],
  );
}

export interface Claim {
  limit: number;
  leaseId: string;
  leaseMs: number;
  /** Ids of deliveries. */
  except: readonly string[];
  takeOver: boolean;
}

/**
 * Takes up to `limit` due deliveries for `leaseMs`: new ones, those whose next try has come, those whose contact never
 * came, and with `takeOver` those whose lease has lapsed because a process died. Never one of `except`, what this process
 * has under way: its lease may have lapsed too, while the database was away. One statement that commits by itself; of
 * several replicas that want the same row one gets it, for the others it is no longer due. No row locks beforehand: Citus
 * refuses them over shards.
 *
 * A backlog must not make it slow. So the limit is part of the text (a prepared plan would guess at a tenth of what is
 * due), and the second look at the state is worded so that it does not fit the index of what is due: rows are then
 * found by their key alone.
 */
export function claimDue(
  db: Db,
  { limit, leaseId, leaseMs, except, takeOver }: Claim,
): Promise<ClaimedDelivery[]> {
  return many<ClaimedDelivery>(
    db,
    `with due as materialized (
       select user_id, delivery_id from deliveries
        where state in ('pending', 'awaiting_contact', 'sending') and next_attempt_at <= now()
          and delivery_id <> all($3::uuid[]) and ($4 or state <> 'sending')
        order by next_attempt_at, user_id, delivery_id limit ${Math.trunc(limit)})
     update deliveries d
        set state = 'sending', lease_id = $1, attempts = d.attempts + 1,
            next_attempt_at = now() + $2 * interval '1 millisecond'
       from due, messages m
      where d.user_id = due.user_id and d.delivery_id = due.delivery_id
        and d.state not in ('sent', 'failed') and d.next_attempt_at <= now()
        and m.user_id = d.user_id and m.message_id = d.message_id
     returning d.user_id as "userId", d.delivery_id as "deliveryId", d.message_id as "messageId",
               d.lease_id as "leaseId", m.type, m.locale, d.message_id_header as "messageIdHeader", d.sealed,
               d.contact_version as "contactVersion", d.attempts, d.unacknowledged,
               d.caused_at as "causedAt", d.expires_at as "expiresAt", d.created_at as "createdAt", d.traceparent`,
    [leaseId, leaseMs, except, takeOver],
  );
}

export interface Held {
  userId: string;
  deliveryId: string;
  leaseId: string;
}

/** Holds on to what is still being sent, so that no other replica sends it too. */
export function renewLeases(db: Db, held: readonly Held[], leaseMs: number): Promise<number> {
  return execute(
    db,
    `update deliveries d set next_attempt_at = now() + $4 * interval '1 millisecond'
       from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as h (user_id, delivery_id, lease_id)
      where d.user_id = h.user_id and d.delivery_id = h.delivery_id
        and d.lease_id = h.lease_id and d.state = 'sending'`,
    [
      held.map(({ userId }) => userId),
      held.map(({ deliveryId }) => deliveryId),
      held.map(({ leaseId }) => leaseId),
      leaseMs,
    ],
  );
}

/** Does not ask for the lease: the mail is out, whoever believes to hold it. False: erased, or settled before. */
export async function markSent(tx: Tx, { userId, deliveryId }: Held): Promise<boolean> {
  const marked = await execute(
    tx,
    `update deliveries set state = 'sent', sent_at = now(), sealed = null, lease_id = null, last_error = null
      where user_id = $1 and delivery_id = $2 and state in ('pending', 'sending')`,
    [userId, deliveryId],
  );
  return marked === 1;
}

export async function markFailed(
  tx: Tx,
  { userId, deliveryId, leaseId }: Held,
  reason: string,
): Promise<boolean> {
  const marked = await execute(
    tx,
    `update deliveries set state = 'failed', sealed = null, lease_id = null, last_error = $4
      where user_id = $1 and delivery_id = $2 and lease_id = $3 and state = 'sending'`,
    [userId, deliveryId, leaseId, reason],
  );
  return marked === 1;
}

export function putOff(
  db: Queryable,
  { userId, deliveryId, leaseId }: Held,
  { reason, delayMs, unacknowledged }: { reason: string; delayMs: number; unacknowledged: boolean },
): Promise<number> {
  return execute(
    db,
    `update deliveries set state = 'pending', lease_id = null, last_error = $4,
                           next_attempt_at = now() + $5 * interval '1 millisecond',
                           unacknowledged = unacknowledged + $6::boolean::int
      where user_id = $1 and delivery_id = $2 and lease_id = $3 and state = 'sending'`,
    [userId, deliveryId, leaseId, reason, delayMs, unacknowledged],
  );
}

/** What waited for these states of contacts may go. Answers how many. */
export async function completeAwaiting(
  tx: Tx,
  states: readonly { userId: string; version: number }[],
): Promise<number> {
  if (states.length === 0) return 0;
  return execute(
    tx,
    `update deliveries d set state = 'pending', next_attempt_at = now()
       from unnest($1::uuid[], $2::int[]) as s (user_id, version)
      where d.user_id = s.user_id and d.state = 'awaiting_contact' and d.contact_version <= s.version`,
    [states.map(({ userId }) => userId), states.map(({ version }) => version)],
  );
}

/** What waits for a contact that is known may go. Answers how many. */
export function completeKnown(tx: Tx): Promise<number> {
  return execute(
    tx,
    `update deliveries d set state = 'pending', next_attempt_at = now()
       from contacts c
      where d.state = 'awaiting_contact' and c.user_id = d.user_id
        and c.email is not null and d.contact_version <= c.auth_version`,
  );
}

/** Unsettled deliveries by state, for the metrics; counts to 100,000 and no further. */
export function countUnsettled(db: Db): Promise<{ state: string; count: number }[]> {
  return many(
    db,
    `select state, count(*)::int as count
       from (select state from deliveries
              where state in ('pending', 'awaiting_contact', 'sending') limit 100000) unsettled
      group by state`,
  );
}
