import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What somebody who registered an address that is not proven yet wants to become. The token in the mail activates this
 * attempt and none of the others; spending it deletes the row.
 */
@Entity('registration_attempts')
@Index('registration_attempts_created_at', ['createdAt'])
export class RegistrationAttempt {
  @IdColumn() userId!: string;
  @PrimaryColumn('bytea') tokenHash!: Buffer;
  @TextColumn() passwordHash!: string;
  @TextColumn({ nullable: true }) displayName!: string | null;
  @TextColumn({ nullable: true }) locale!: string | null;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
  /** End of the token's life. */
  @TimeColumn() expiresAt!: Date;
}
