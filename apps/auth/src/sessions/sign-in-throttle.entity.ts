import { TimeColumn } from '@nest-arch/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Tries to sign in with one address, known or not, since the last success. */
@Entity('sign_in_throttles')
@Index('sign_in_throttles_last_try_at', ['lastTryAt'])
export class SignInThrottle {
  @PrimaryColumn('bytea') identifierHash!: Buffer;
  @Column('int') tries!: number;
  @TimeColumn() lastTryAt!: Date;
  @TimeColumn() blockedUntil!: Date;
}
