import { execute, uuidv7, type Tx } from '@nest-arch/database';
import type { Standing } from '../consumer/lost-records.js';

/** Keeps on record that a group went on behind records that it has not read. */
export async function insertSkip(tx: Tx, group: string, standing: Standing): Promise<void> {
  const { topic, partition, committed, start } = standing;
  await execute(
    tx,
    `insert into offset_skips (id, consumer_group, topic, partition, from_offset, to_offset)
     values ($1, $2, $3, $4, $5, $6)`,
    [uuidv7(), group, topic, partition, String(committed), String(start)],
  );
}
