import { type Tx, execute } from '@nest-arch/database';

/**
 * Takes one of the mails that an address may get in any hour. False when there is none left. One guarded statement:
 * concurrent callers queue at the row, so the limit holds however many there are.
 */
export async function takeRecipientMail(
  tx: Tx,
  { identifierHash, perHour }: { identifierHash: Buffer; perHour: number },
): Promise<boolean> {
  const taken = await execute(
    tx,
    `insert into recipient_mails as m (identifier_hash, sent_at, last_sent_at) values ($1, array[now()], now())
     on conflict (identifier_hash) do update
       set sent_at = array(select t from unnest(m.sent_at) t where t > now() - interval '1 hour') || now(),
           last_sent_at = now()
     where (select count(*) from unnest(m.sent_at) t where t > now() - interval '1 hour') < $2`,
    [identifierHash, perHour],
  );
  return taken === 1;
}
