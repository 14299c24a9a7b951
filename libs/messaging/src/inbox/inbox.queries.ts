import { many, maybeOne, one, type Tx } from '@nest-arch/database';

export interface Arrival {
  /** The consumer group, without prefix. */
  group: string;
  /** The event's id as the inbox keeps it (inboxId). */
  inboxId: string;
  /** The user whom the record is about; null when its key is no user id. */
  userId: string | null;
  /** True for records that erase: they wait for running handlers of the user. */
  erasing: boolean;
}

/** Null: this group has had the event. Otherwise whether the user is on the erasure list. */
export function recordArrival(tx: Tx, arrival: Arrival): Promise<{ erased: boolean } | null> {
  return maybeOne(
    tx,
    `insert into inbox (event_id, consumer_group) values ($1, $2) on conflict do nothing
     returning coalesce(messaging_user_gate($3::uuid, $4), false) as erased`,
    [arrival.inboxId, arrival.group, arrival.userId, arrival.erasing],
  );
}

/** The same check for records that need no inbox row. */
export function passUserGate(tx: Tx, userId: string, erasing: boolean): Promise<{ erased: boolean }> {
  return one(tx, `select messaging_user_gate($1::uuid, $2) as erased`, [userId, erasing]);
}

/** Records many at once; answers the ids that this group had not had. */
export async function recordArrivals(tx: Tx, group: string, inboxIds: readonly string[]): Promise<string[]> {
  const rows = await many<{ id: string }>(
    tx,
    `insert into inbox (event_id, consumer_group) select unnest($1::uuid[]), $2 on conflict do nothing
     returning event_id as id`,
    [inboxIds, group],
  );
  return rows.map(({ id }) => id);
}

/** Lets a batch pass beside erasures; answers who of these users is on the erasure list. */
export async function passBatchGate(tx: Tx, userIds: readonly string[]): Promise<string[]> {
  const rows = await many<{ id: string }>(tx, `select messaging_batch_gate($1::uuid[]) as id`, [userIds]);
  return rows.map(({ id }) => id);
}
