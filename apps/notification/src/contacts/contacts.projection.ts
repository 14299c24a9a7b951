import { Injectable } from '@nestjs/common';
import { profileStateV1, userStateV1, type EventData } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { onStates, type Projection, type ProjectionBatch, type States } from '@nest-arch/messaging';
import { eraseUsers } from '../erasure/erasure.queries.js';
import { completeAwaiting, completeKnown } from '../mail/deliveries.queries.js';
import { MailSignal } from '../mail/mail-signal.js';
import { clearProfiles, deleteContacts, upsertAuthStates, upsertProfileStates } from './contacts.queries.js';
import { contactsTable } from './contacts.table.js';

/** How to reach and greet people: what auth and profile last said of them. Lets go the mails that waited for it. */
@Injectable()
export class Contacts implements Projection {
  readonly name = 'contacts';
  readonly tables = ['contacts'];
  readonly schema = [contactsTable];
  // Rows that only hold a lock, or only say that something is gone, depend on how the table came to be.
  readonly compare = `
    select user_id, email, email_verified, status, auth_locale, initial_name, auth_version, display_name, profile_locale
      from contacts where email is not null or display_name is not null or profile_locale is not null`;
  readonly reads = [
    onStates(userStateV1, (batch, states) => this.accounts(batch, states)),
    onStates(profileStateV1, async ({ tx }, { current, gone }) => {
      await upsertProfileStates(
        tx,
        current.map(({ data }) => data),
      );
      await clearProfiles(tx, gone);
    }),
  ];

  constructor(private readonly signal: MailSignal) {}

  erase(tx: Tx, userIds: readonly string[]): Promise<void> {
    return deleteContacts(tx, userIds);
  }

  /** Mails that have begun to wait, or would have been let go, while the new table was built. */
  async switched(tx: Tx): Promise<void> {
    await completeKnown(tx);
  }

  private async accounts(
    { tx, live }: ProjectionBatch,
    { current, gone }: States<EventData<typeof userStateV1>>,
  ): Promise<void> {
    const stored = await upsertAuthStates(
      tx,
      current.map(({ data }) => data),
    );
    const ended = gone.map(({ key }) => key);
    if (!live) return deleteContacts(tx, ended);
    await eraseUsers(tx, ended);
    const completed = await completeAwaiting(tx, stored);
    if (completed > 0) tx.afterCommit(() => this.signal.notify());
  }
}
