import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Check, Column, Entity } from 'typeorm';
import type { FieldVisibility } from './visibility.js';

/** What a person says of themselves. */
@Entity('profiles')
@Check('profiles_version', 'version > 0')
export class Profile {
  @IdColumn() userId!: string;
  @TextColumn({ nullable: true }) displayName!: string | null;
  @TextColumn({ nullable: true }) givenName!: string | null;
  @TextColumn({ nullable: true }) familyName!: string | null;
  @TextColumn({ nullable: true }) bio!: string | null;
  @TextColumn({ nullable: true }) locale!: string | null;
  @TextColumn({ nullable: true }) timeZone!: string | null;
  @Column('jsonb') visibility!: FieldVisibility;
  /** Fields the person has changed; names from the registration do not overwrite them. */
  @TextColumn({ array: true, default: '{}' }) editedFields!: string[];
  /** Ours: grows with every announcement, and is the ETag. */
  @Column('int') version!: number;
  /** Of the last account record taken in; older ones are ignored. */
  @Column('int') authVersion!: number;
  /** When the names of the registration came, once. */
  @TimeColumn({ nullable: true }) initialisedAt!: Date | null;
  @TextColumn() region!: string;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
  @TimeColumn({ default: () => 'now()' }) updatedAt!: Date;
}
