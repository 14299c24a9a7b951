import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Check, Column, Entity, Index } from 'typeorm';

export type DeliveryState = 'pending' | 'awaiting_contact' | 'sending' | 'sent' | 'failed';

/** One message on its way through one channel. */
@Entity('deliveries')
@Check('deliveries_channel', `channel in ('email')`)
@Check('deliveries_state', `state in ('pending', 'awaiting_contact', 'sending', 'sent', 'failed')`)
@Index('deliveries_due', { synchronize: false })
export class Delivery {
  @IdColumn() userId!: string;
  @IdColumn() deliveryId!: string;
  @Column('uuid') messageId!: string;
  @TextColumn() channel!: 'email';
  @TextColumn() state!: DeliveryState;
  @Column('int', { default: 0 }) attempts!: number;
  /** Of them, those after which the server may have the mail. */
  @Column('int', { default: 0 }) unacknowledged!: number;
  /** While sending: the end of the lease. While awaiting the contact: the end of patience. */
  @TimeColumn({ default: () => 'now()' }) nextAttemptAt!: Date;
  /** Made anew by each claim, so that only the last claimant can settle. */
  @Column('uuid', { nullable: true }) leaseId!: string | null;
  @TextColumn() messageIdHeader!: string;
  /** The challenge's JWE as it came; opened only to send, gone when that is over. */
  @TextColumn({ nullable: true }) sealed!: string | null;
  /** The oldest version of auth's state that may be used to address and greet. */
  @Column('int', { default: 0 }) contactVersion!: number;
  @TimeColumn() causedAt!: Date;
  @TimeColumn() expiresAt!: Date;
  @TextColumn({ nullable: true }) traceparent!: string | null;
  @TextColumn({ nullable: true }) lastError!: string | null;
  @TimeColumn({ nullable: true }) sentAt!: Date | null;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
}
