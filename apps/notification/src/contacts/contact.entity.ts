import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Column, Entity } from 'typeorm';

/** How to reach and greet a person: a projection of auth's and profile's state, each half with its owner's version. */
@Entity('contacts')
export class Contact {
  @IdColumn() userId!: string;
  @TextColumn({ nullable: true }) email!: string | null;
  @Column('boolean', { default: false }) emailVerified!: boolean;
  @TextColumn({ nullable: true }) status!: string | null;
  @TextColumn({ nullable: true }) authLocale!: string | null;
  @TextColumn({ nullable: true }) initialName!: string | null;
  @Column('int', { default: 0 }) authVersion!: number;
  @TextColumn({ nullable: true }) displayName!: string | null;
  @TextColumn({ nullable: true }) profileLocale!: string | null;
  @Column('int', { default: 0 }) profileVersion!: number;
  @TimeColumn({ default: () => 'now()' }) updatedAt!: Date;
}
