import { IdColumn } from '@nest-arch/database';
import { Entity, PrimaryColumn } from 'typeorm';

/** A person was there on a day. */
@Entity('daily_active')
export class DailyActive {
  @IdColumn() userId!: string;
  @PrimaryColumn('date') day!: string;
}
