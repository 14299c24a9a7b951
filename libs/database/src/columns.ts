import { Column, PrimaryColumn, type ColumnOptions } from 'typeorm';

/** uuid (part of the) primary key, made by the application with `uuidv7()`. */
export function IdColumn(options: { name?: string } = {}): PropertyDecorator {
  return PrimaryColumn({ type: 'uuid', ...options });
}

/** text. TypeORM's default for a string is `character varying`, and `string | null` has no default at all. */
export function TextColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'text' });
}

/** timestamptz. TypeORM's default for a Date is `timestamp`, which forgets the zone. */
export function TimeColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'timestamptz' });
}
