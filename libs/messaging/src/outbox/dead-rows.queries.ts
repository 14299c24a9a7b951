import { execute, many, type Queryable, type Tx } from '@nest-arch/database';

/** A row that Kafka would never take, without what it carries. */
export interface DeadRow {
  id: string;
  topic: string;
  type: string;
  key: string;
  reason: string;
  deadAt: Date;
}

export function listDeadRows(db: Queryable, limit: number): Promise<DeadRow[]> {
  return many<DeadRow>(
    db,
    `select id, topic, type, key, reason, dead_at as "deadAt" from outbox_dead_letters order by dead_at, id limit $1`,
    [limit],
  );
}

/** Puts a row back, behind whatever its key has in the outbox. False when there is none, or its topic is among these. */
export async function requeueDeadRow(tx: Tx, id: string, except: readonly string[]): Promise<boolean> {
  const moved = await execute(
    tx,
    `with row as (delete from outbox_dead_letters where id = $1 and topic <> all ($2::text[]) returning *)
     insert into outbox (bucket, id, topic, key, type, version, payload, headers, created_at)
     select bucket, id, topic, key, type, version, payload, headers, created_at from row`,
    [id, except],
  );
  return moved === 1;
}

export async function dropDeadRow(tx: Tx, id: string): Promise<boolean> {
  return (await execute(tx, `delete from outbox_dead_letters where id = $1`, [id])) === 1;
}
