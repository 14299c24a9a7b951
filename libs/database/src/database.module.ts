import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { assertSuitable, openDataSource } from './connect.js';
import { Db } from './db.js';
import { dataSourceOptions, type DatabaseOptions } from './options.js';

/** Global: provides `Db`, and repositories by `TypeOrmModule.forFeature([User])`. */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          // openDataSource has already waited as long as it should; Nest would begin anew, ten times.
          useFactory: () => ({ ...dataSourceOptions(options), toRetry: () => false }),
          dataSourceFactory: () => openDataSource(options),
        }),
      ],
      providers: [{ provide: Db, useFactory: openDb(options), inject: [DataSource] }],
      exports: [Db],
    };
  }
}

function openDb(options: DatabaseOptions) {
  return async (dataSource: DataSource): Promise<Db> => {
    const db = new Db(dataSource, options);
    await assertSuitable(db);
    return db;
  };
}
