import { IdColumn, TimeColumn } from '@nest-arch/database';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('refresh_tokens')
@Check('refresh_tokens_successor', `(used_at is null) = (successor_hash is null)`)
@Index('refresh_tokens_expires_at', ['expiresAt'])
export class RefreshToken {
  @IdColumn() userId!: string;
  @PrimaryColumn('bytea') tokenHash!: Buffer;
  @Column('uuid') sessionId!: string;
  /** The token that this one replaced. */
  @Column('bytea', { nullable: true }) parentHash!: Buffer | null;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
  @TimeColumn() expiresAt!: Date;
  @TimeColumn({ nullable: true }) usedAt!: Date | null;
  @Column('bytea', { nullable: true }) successorHash!: Buffer | null;
  /** The successor, readable only with this token; gone when the successor is used. */
  @Column('bytea', { nullable: true }) successorCiphertext!: Buffer | null;
}
