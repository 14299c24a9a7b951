import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { register } from 'prom-client';
import { Entity, Repository } from 'typeorm';
import { IdColumn } from './columns.js';
import { openDatabase } from './connect.js';
import { DatabaseModule } from './database.module.js';
import { Db } from './db.js';
import { DatabaseUnavailableError } from './errors.js';
import { execute, many, one } from './sql.js';
import { createDatabase, dropDatabase, onServer, openProxy, serverUrl } from './test-database.js';

@Entity('things')
class Thing {
  @IdColumn() thingId!: string;
}

@Injectable()
class Things {
  constructor(
    @Inject(Db) readonly db: Db,
    @InjectRepository(Thing) readonly repository: Repository<Thing>,
  ) {}
}

@Module({ imports: [TypeOrmModule.forFeature([Thing])], providers: [Things] })
class ThingsModule {}

beforeAll(() => Logger.overrideLogger(false));

const urls: string[] = [];
afterEach(async () => {
  for (const url of urls.splice(0)) await dropDatabase(url);
});

async function database(clause?: string): Promise<string> {
  const url = await createDatabase(clause);
  urls.push(url);
  return url;
}

describe('DatabaseModule', () => {
  it('gives every module the Db and its repositories, shows its pool, and closes with the app', async () => {
    const url = await database();
    const module = DatabaseModule.forRoot({
      url,
      entities: [Thing],
      poolSize: 3,
      applicationName: 'things-test',
    });
    @Module({ imports: [module, ThingsModule] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const { db, repository } = app.get(Things, { strict: false });

    await execute(db, 'create table things (thing_id uuid primary key)');
    expect(await repository.find()).toEqual([]);
    expect(await one(db, 'show application_name')).toEqual({ application_name: 'things-test' });
    expect(await register.metrics()).toContain('database_pool_connections{pool="primary",state="idle"} 1');

    await app.close();
    await expect(db.ping()).rejects.toThrow();
    expect(await register.metrics()).not.toContain('pool="primary"');
  });

  it('reads from the replica where there is one', async () => {
    const [url, replicaUrl] = [await database(), await database()];
    const db = await openDatabase({ url, replicaUrl });
    const name = 'select current_database() as name';

    expect(await one(db.replica, name)).not.toEqual(await one(db, name));
    await db.close();
  });

  it('bounds statements, and the wait for a connection', async () => {
    const db = await openDatabase({
      url: await database(),
      poolSize: 1,
      statementTimeoutMs: 300,
      connectTimeoutMs: 50,
    });
    const slow = expect(execute(db, 'select pg_sleep(3)')).rejects.toMatchObject({ code: '57014' });

    await expect(many(db, 'select 1')).rejects.toThrow('timeout exceeded');

    await slow;
    await db.close();
  });
});

describe('boot', () => {
  it('waits for a database that comes up late', async () => {
    const port = await freePort();
    const target = new URL(await database());
    const url = new URL(target.href);
    url.port = String(port);

    const opening = openDatabase({ url: url.href, bootTimeoutMs: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const proxy = await openProxy(target.href, port);

    const db = await opening;
    await db.ping();
    await db.close();
    await proxy.close();
  });

  it('gives up after its time with an error that names the place and not the password', async () => {
    const url = `postgres://auth:secret@127.0.0.1:${await freePort()}/auth`;

    const error = await openDatabase({ url, bootTimeoutMs: 100 }).catch((caught: unknown) => caught as Error);

    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect(String(error)).toMatch(/The database at 127\.0\.0\.1:\d+\/auth cannot be reached: .*ECONNREFUSED/);
    expect(String(error)).not.toContain('secret');
  });

  it('of an app fails with the same error, without Nest beginning anew', async () => {
    const url = `postgres://auth:secret@127.0.0.1:${await freePort()}/auth`;
    @Module({ imports: [DatabaseModule.forRoot({ url, bootTimeoutMs: 100 })] })
    class AppModule {}

    const boot = NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });

    await expect(boot).rejects.toThrow(DatabaseUnavailableError);
  });

  it('fails at once when the server refuses', async () => {
    const url = new URL(serverUrl());
    url.pathname = '/no_such_database';
    const started = Date.now();

    await expect(openDatabase({ url: url.href })).rejects.toThrow(
      'database "no_such_database" does not exist',
    );
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it('refuses an encoding other than UTF8', async () => {
    const url = await database(`template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'`);

    await expect(openDatabase({ url })).rejects.toThrow(`encoding is SQL_ASCII, not UTF8`);
  });

  it('refuses character classes in which a search finds no Иван, where it would search', async () => {
    const url = await database(`template template0 encoding 'UTF8' locale_provider libc locale 'C'`);
    await (await openDatabase({ url })).close();
    await onServer('create extension pg_trgm', url);

    await expect(openDatabase({ url })).rejects.toThrow('knows no letters outside ASCII');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
