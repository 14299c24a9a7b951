import { TimeColumn } from '@nest-arch/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The mails of the last hour to one address that anonymous callers have caused. */
@Entity('recipient_mails')
@Index('recipient_mails_last_sent_at', ['lastSentAt'])
export class RecipientMails {
  @PrimaryColumn('bytea') identifierHash!: Buffer;
  @Column('timestamptz', { array: true }) sentAt!: Date[];
  @TimeColumn() lastSentAt!: Date;
}
