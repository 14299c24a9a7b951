import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Column, Entity } from 'typeorm';

@Entity('passwords')
export class Password {
  @IdColumn() userId!: string;
  /** PHC string. */
  @TextColumn() hash!: string;
  /** Grows with every change of the password, not with a rehash of the same one. */
  @Column('int', { default: 1 }) generation!: number;
  @TimeColumn({ default: () => 'now()' }) changedAt!: Date;
}
