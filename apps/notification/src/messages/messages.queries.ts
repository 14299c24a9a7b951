import { execute, type Tx } from '@nest-arch/database';

export interface MessageRow {
  userId: string;
  messageId: string;
  type: string;
  causeId: string;
  locale: string | null;
}

/** False when this cause has made a message of this type for this person before. */
export async function insertMessage(tx: Tx, row: MessageRow): Promise<boolean> {
  const inserted = await execute(
    tx,
    `insert into messages (user_id, message_id, type, cause_id, locale) values ($1, $2, $3, $4, $5)
     on conflict (user_id, cause_id, type) do nothing`,
    [row.userId, row.messageId, row.type, row.causeId, row.locale],
  );
  return inserted === 1;
}
