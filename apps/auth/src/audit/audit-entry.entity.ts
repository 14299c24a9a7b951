import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Column, Entity } from 'typeorm';

@Entity('audit_log')
export class AuditEntry {
  @IdColumn() userId!: string;
  @IdColumn() auditId!: string;
  @TextColumn() action!: string;
  /** `user`, `anonymous`, `cli`, or `admin:<user id>`. */
  @TextColumn() actor!: string;
  @TimeColumn({ default: () => 'now()' }) at!: Date;
  @TextColumn() traceId!: string;
  @Column('jsonb', { default: {} }) details!: Record<string, unknown>;
}
