import { TextColumn, TimeColumn } from '@nest-arch/database';
import type { JWK } from 'jose';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('signing_keys')
@Check('signing_keys_state', `state in ('next', 'active', 'retired')`)
@Index('signing_keys_one_active', { synchronize: false })
export class SigningKey {
  @PrimaryColumn('text') keyId!: string;
  @TextColumn() state!: 'next' | 'active' | 'retired';
  @Column('jsonb') publicJwk!: JWK;
  /** See key-encryption.ts. */
  @TextColumn() encryptedPrivateJwk!: string;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
}
