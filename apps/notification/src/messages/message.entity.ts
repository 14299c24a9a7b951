import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Entity, Unique } from 'typeorm';

/** What a person is told, once per cause, whatever channels carry it. */
@Entity('messages')
@Unique('messages_cause', ['userId', 'causeId', 'type'])
export class Message {
  @IdColumn() userId!: string;
  @IdColumn() messageId!: string;
  @TextColumn() type!: string;
  /** The challenge or event that it comes from. */
  @TextColumn() causeId!: string;
  /** Set where the cause names a language; else it is the person's at the time of sending. */
  @TextColumn({ nullable: true }) locale!: string | null;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
}
