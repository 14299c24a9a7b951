import { TextColumn, TimeColumn } from '@nest-arch/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A claimed address: HMAC of its normal form, and whose it is. */
@Entity('identifiers')
export class Identifier {
  @PrimaryColumn('bytea') identifierHash!: Buffer;
  @Column('uuid') userId!: string;
  @TextColumn() region!: string;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
}
