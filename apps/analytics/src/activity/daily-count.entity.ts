import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What happened on a day, as far as one lane has seen it: a day is the sum of its lanes. */
@Entity('daily_counts')
export class DailyCount {
  @PrimaryColumn('date') day!: string;
  @PrimaryColumn('smallint') lane!: number;
  @Column('int', { default: 0 }) signUps!: number;
  @Column('int', { default: 0 }) verified!: number;
  @Column('int', { default: 0 }) active!: number;
}
