import { IdColumn, TextColumn, TimeColumn } from '@nest-arch/database';
import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** One row per person; whoever holds its lock hands out the next sequence. */
@Entity('inbox_counters')
@Check('inbox_counters_unread', 'unread >= 0')
export class InboxCounter {
  @IdColumn() userId!: string;
  @Column('int', { default: 0 }) lastSequence!: number;
  @Column('int', { default: 0 }) unread!: number;
}

@Entity('inbox_items')
@Unique('inbox_items_item', ['userId', 'itemId'])
@Index('inbox_items_unread', { synchronize: false })
@Index('inbox_items_read', { synchronize: false })
export class InboxItem {
  @IdColumn() userId!: string;
  @PrimaryColumn('int') sequence!: number;
  @Column('uuid') itemId!: string;
  @TextColumn() type!: string;
  @Column('jsonb') payload!: Record<string, unknown>;
  @TimeColumn({ default: () => 'now()' }) createdAt!: Date;
  @TimeColumn({ nullable: true }) readAt!: Date | null;
  /** The sequence of the mark that read this item alone; null when unread, or read by a mark of many. */
  @Column('int', { nullable: true }) readSequence!: number | null;
}

/** A mark that read everything up to a sequence. */
@Entity('inbox_read_alls')
export class InboxReadAll {
  @IdColumn() userId!: string;
  @PrimaryColumn('int') sequence!: number;
  @Column('int') upTo!: number;
  @TimeColumn({ default: () => 'now()' }) readAt!: Date;
}
