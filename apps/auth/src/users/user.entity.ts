import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Check, Column, Entity } from 'typeorm';

export type UserStatus = 'active' | 'disabled' | 'erasing';
export type UserSource = 'self' | 'import' | 'admin';
export interface InitialProfile {
  displayName?: string;
  givenName?: string;
  familyName?: string;
}

@Entity('users')
@Check('users_status', `status in ('active', 'disabled', 'erasing')`)
@Check('users_source', `source in ('self', 'import', 'admin')`)
export class User {
  @IdColumn() userId!: string;
  @TextColumn() email!: string;
  @TimeColumn({ nullable: true }) emailVerifiedAt!: Date | null;
  @TextColumn({ default: 'active' }) status!: UserStatus;
  @TextColumn({ array: true, default: [] }) roles!: string[];
  /** Of the activated registration, then the profile's. */
  @TextColumn({ nullable: true }) locale!: string | null;
  @TextColumn() region!: string;
  @TextColumn() source!: UserSource;
  /** One for each event of the user and each change of state. */
  @Column('int', { default: 1 }) version!: number;
  /** In every access token; raised by revocations alone. */
  @Column('int', { default: 0 }) ver!: number;
  /** Version of the profile that `locale` was copied from. */
  @Column('int', { default: 0 }) profileVersion!: number;
  /** Names of the activated registration, until the profile service has them. */
  @Column('jsonb', { nullable: true }) initialProfile!: InitialProfile | null;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
}
