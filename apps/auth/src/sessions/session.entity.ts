import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Check, Column, Entity, Index } from 'typeorm';

export type EndReason =
  'logout' | 'revoked' | 'expired' | 'token_reuse' | 'password_changed' | 'disabled' | 'erased';

@Entity('sessions')
@Check('sessions_method', `method in ('password', 'magic_link', 'passkey')`)
@Check('sessions_end', `(ended_at is null) = (end_reason is null)`)
@Index('sessions_expires_at', ['expiresAt'])
export class Session {
  @IdColumn() userId!: string;
  @IdColumn() sessionId!: string;
  @TextColumn() clientId!: string;
  @TextColumn() method!: 'password' | 'magic_link' | 'passkey';
  @TextColumn({ nullable: true }) userAgent!: string | null;
  /** Access tokens of this session with a lower `ver` are refused. */
  @Column('int', { default: 0 }) minVer!: number;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
  @TimeColumn({ default: () => 'now()' }) lastUsedAt!: Date;
  /** When the use of this session was last announced. */
  @TimeColumn({ default: () => 'now()' }) announcedAt!: Date;
  /** How long it lives without being used: the terms it began with. */
  @Column('int') idleSeconds!: number;
  @TimeColumn() idleExpiresAt!: Date;
  /** Whatever happens, the session ends here. */
  @TimeColumn() expiresAt!: Date;
  @TimeColumn({ nullable: true }) endedAt!: Date | null;
  @TextColumn({ nullable: true }) endReason!: EndReason | null;
}
